"""A real server with a real data directory for each test session; everything it starts is ended."""

import io
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
import zipfile

import boto3
import pytest
from botocore.config import Config

# nodes make their own certificates; their users switch verification off, as they did with the service's private authority
os.environ["SSL_VERIFY_SERVER"] = "NO"

QSPACE = os.environ.get("QSPACE", "qspace")
REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/kdb-all-user"
START_SECONDS = 60
UPDATE_SECONDS = 60


def read_lines(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)


class Process:
    """A child whose standard output is read line by line."""

    def __init__(self, command, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=cwd
        )
        self.lines, self.errors = queue.Queue(), queue.Queue()
        threading.Thread(target=read_lines, args=(self.process.stdout, self.lines), daemon=True).start()
        threading.Thread(target=read_lines, args=(self.process.stderr, self.errors), daemon=True).start()

    def wait_for_line(self, prefix, seconds=START_SECONDS):
        end = time.monotonic() + seconds
        while True:
            line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            if line is None:
                errors = []
                while not self.errors.empty():
                    errors.append(self.errors.get() or "")
                raise AssertionError(f"ended before printing {prefix!r}: {''.join(errors)}")
            if line.startswith(prefix):
                return line.strip()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Server:
    """`qspace serve` with its clients."""

    def __init__(self, data):
        self.data = data
        self.process = Process([QSPACE, "serve", "--data", str(data), "--listen", "127.0.0.1:0"])
        ready = self.process.wait_for_line("qspace ready endpoint=")
        self.endpoint = ready.split("endpoint=", 1)[1]
        self.env = dict(os.environ, **self.exports())

    def exports(self):
        """The variables that `qspace env` prints, as a shell would set them."""
        text = subprocess.run([QSPACE, "env", "--data", str(self.data)], check=True, capture_output=True, text=True).stdout
        printed = subprocess.run(["bash", "-c", text + "\nenv -0"], check=True, capture_output=True, text=True, env={})
        pairs = (item.split("=", 1) for item in printed.stdout.split("\0") if "=" in item)
        return {name: value for name, value in pairs if name.startswith("AWS_") or name == "REQUESTS_CA_BUNDLE"}

    def session(self, credentials=None):
        if credentials:
            keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
        else:
            keys = (self.env["AWS_ACCESS_KEY_ID"], self.env["AWS_SECRET_ACCESS_KEY"], None)
        return boto3.Session(*keys, region_name=REGION)

    def client(self, service, credentials=None):
        config = Config(retries={"max_attempts": 1}, connect_timeout=10, read_timeout=60)
        return self.session(credentials).client(service, endpoint_url=self.endpoint, config=config)

    def stop(self):
        self.process.end()


def end_nodes(data):
    """Ends every node agent of a data directory; nodes outlive the server by design."""
    nodes = os.path.join(str(data), "nodes")
    for node in os.listdir(nodes) if os.path.isdir(nodes) else []:
        try:
            pid = int(open(os.path.join(nodes, node, "agent.pid")).read().split()[0])
            os.kill(pid, signal.SIGTERM)
        except (OSError, ValueError, IndexError):
            continue


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("qspace")
    yield directory
    end_nodes(directory)


@pytest.fixture(scope="session")
def server(data_directory):
    running = Server(data_directory)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def finspace(server):
    return server.client("finspace")


@pytest.fixture(scope="session")
def s3(server):
    client = server.client("s3")
    client.create_bucket(Bucket="code")
    client.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture(scope="session")
def environment(finspace):
    made = finspace.create_kx_environment(
        name="tests", kmsKeyId="arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"
    )
    environment_id = made["environmentId"]
    wait_until(lambda: finspace.get_kx_environment(environmentId=environment_id)["status"] == "CREATED")
    finspace.create_kx_user(environmentId=environment_id, userName="analyst", iamRole=ROLE)
    return environment_id


def wait_until(holds, seconds=START_SECONDS):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.02)


def wait_running(finspace, environment_id, cluster, seconds=UPDATE_SECONDS):
    """Waits until the cluster is RUNNING and returns it; any failed status ends the wait."""
    end = time.monotonic() + seconds
    while True:
        found = finspace.get_kx_cluster(environmentId=environment_id, clusterName=cluster)
        if found["status"] == "RUNNING":
            return found
        if found["status"].endswith("FAILED") or time.monotonic() > end:
            raise AssertionError(f"{cluster}: {found['status']} {found.get('statusReason')}")
        time.sleep(0.02)


def zip_of(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return out.getvalue()


def upload(s3, key, files):
    """Uploads a bundle and returns its code configuration."""
    version = s3.put_object(Bucket="code", Key=key, Body=zip_of(files))["VersionId"]
    return {"s3Bucket": "code", "s3Key": key, "s3ObjectVersion": version}


def cluster_request(environment_id, name, code, kind="GP", nodes=1, **more):
    return dict(
        environmentId=environment_id,
        clusterName=name,
        clusterType=kind,
        releaseLabel="1.0",
        capacityConfiguration={"nodeType": "kx.s.large", "nodeCount": nodes},
        vpcConfiguration={
            "vpcId": "vpc-0123456789abcdef0",
            "securityGroupIds": ["sg-0123456789abcdef0"],
            "subnetIds": ["subnet-0123456789abcdef0"],
            "ipAddressType": "IP_V4",
        },
        azMode="SINGLE",
        availabilityZoneId="use1-az1",
        code=code,
        **more,
    )


def connection_parts(server, environment_id, cluster, user="analyst"):
    """Host, port, user and password of a connection string, asked for with the role of the kx user."""
    finspace = server.client("finspace")
    found = finspace.get_kx_user(environmentId=environment_id, userName=user)
    assumed = server.client("sts").assume_role(RoleArn=found["iamRole"], RoleSessionName="Connect-to-kdb-cluster")
    as_user = server.client("finspace", assumed["Credentials"])
    text = as_user.get_kx_connection_string(
        environmentId=environment_id, userArn=found["userArn"], clusterName=cluster
    )["signedConnectionString"]
    # as the service's samples do: split on every colon, so the password must not contain one
    parts = text.split(":")
    assert len(parts) == 6, text
    return parts[2].strip("/"), int(parts[3]), parts[4], parts[5]


@pytest.fixture
def q_process(tmp_path):
    """Starts `qspace q` on a free port; returns the port."""
    started = []

    def start(*arguments, script="", env=None):
        path = tmp_path / f"script{len(started)}.q"
        path.write_text(script + '\n-1"port ",string system"p";\n')
        command = [QSPACE, "q", str(path), "-p", "0W", *arguments]
        process = Process(command, cwd=tmp_path, env=dict(os.environ, **(env or {})))
        started.append(process)
        return int(process.wait_for_line("port ").split()[1])

    yield start
    for process in started:
        process.end()


@pytest.fixture
def scratch(tmp_path):
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)
