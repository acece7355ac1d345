"""The AWS command line against the server: s3, sts and finspace with nothing but environment variables."""

import json
import os
import subprocess
import sys

from conftest import ROLE, zip_of

AWS = os.path.join(os.path.dirname(sys.executable), "aws")


def aws(server, *arguments, expect=0, env=None):
    command = [sys.executable, AWS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(server.env, **(env or {})), timeout=120)
    assert done.returncode == expect, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout if expect == 0 else done.stderr


def test_s3_make_copy_sync_list_and_remove(server, scratch):
    (scratch / "tree/lib").mkdir(parents=True)
    (scratch / "tree/init.q").write_text("a:1\n")
    (scratch / "tree/lib/with space+plus.q").write_text("b:2\n")
    big = os.urandom(20 << 20)
    (scratch / "big.bin").write_bytes(big)
    aws(server, "s3", "mb", "s3://cli-bucket")
    aws(server, "s3", "sync", str(scratch / "tree"), "s3://cli-bucket/tree/")
    aws(server, "s3", "cp", str(scratch / "big.bin"), "s3://cli-bucket/big.bin")
    listed = aws(server, "s3", "ls", "s3://cli-bucket", "--recursive")
    assert "tree/lib/with space+plus.q" in listed and str(len(big)) in listed
    aws(server, "s3", "cp", "s3://cli-bucket/big.bin", str(scratch / "back.bin"))
    assert (scratch / "back.bin").read_bytes() == big
    aws(server, "s3", "cp", "s3://cli-bucket/big.bin", "s3://cli-bucket/copy.bin")
    aws(server, "s3", "sync", "s3://cli-bucket/tree/", str(scratch / "down"))
    assert (scratch / "down/lib/with space+plus.q").read_text() == "b:2\n"
    aws(server, "s3", "rm", "s3://cli-bucket", "--recursive")
    aws(server, "s3", "rb", "s3://cli-bucket")
    assert "NoSuchBucket" in aws(server, "s3", "ls", "s3://cli-bucket", expect=255)


def test_versions_of_an_object(server, s3, scratch):
    first = s3.put_object(Bucket="code", Key="versions.txt", Body=b"one")["VersionId"]
    s3.put_object(Bucket="code", Key="versions.txt", Body=b"two")
    s3.delete_object(Bucket="code", Key="versions.txt")
    target = scratch / "got.txt"
    aws(server, "s3api", "get-object", "--bucket", "code", "--key", "versions.txt", "--version-id", first, str(target))
    assert target.read_bytes() == b"one"
    listed = json.loads(aws(server, "s3api", "list-object-versions", "--bucket", "code", "--prefix", "versions.txt"))
    assert len(listed["Versions"]) == 2 and listed["DeleteMarkers"][0]["IsLatest"]


def test_presigned_urls(server, s3):
    import urllib.error
    import urllib.request

    s3.put_object(Bucket="code", Key="signed.txt", Body=b"signed")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "code", "Key": "signed.txt"}, ExpiresIn=60)
    assert urllib.request.urlopen(url, timeout=10).read() == b"signed"
    for broken in (url.replace("signed.txt", "versions.txt"), server.endpoint + "/code/signed.txt"):
        try:
            urllib.request.urlopen(broken, timeout=10)
            raise AssertionError(f"not refused: {broken}")
        except urllib.error.HTTPError as error:
            assert error.code in (400, 403)


def test_identity_and_roles(server):
    root = json.loads(aws(server, "sts", "get-caller-identity"))
    assert root["Arn"].endswith(":root") and len(root["Account"]) == 12
    assumed = json.loads(aws(server, "sts", "assume-role", "--role-arn", ROLE, "--role-session-name", "cli"))
    keys = assumed["Credentials"]
    env = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    role = json.loads(aws(server, "sts", "get-caller-identity", env=env))
    assert ":assumed-role/kdb-all-user/cli" in role["Arn"]
    wrong = dict(env, AWS_SESSION_TOKEN=keys["SessionToken"][:-4] + "AAAA")
    assert "Token" in aws(server, "sts", "get-caller-identity", env=wrong, expect=255)
    assert "Token" in aws(server, "s3", "ls", env=wrong, expect=255)


def test_the_whole_story_on_the_command_line(server, environment, scratch):
    (scratch / "app.zip").write_bytes(zip_of({"init.q": "version:1\n"}))
    (scratch / "app2.zip").write_bytes(zip_of({"init.q": "version:2\n"}))
    aws(server, "s3", "mb", "s3://cli-code")
    aws(server, "s3", "cp", str(scratch / "app.zip"), "s3://cli-code/app.zip")
    network = "vpcId=vpc-0123456789abcdef0,securityGroupIds=sg-0123456789abcdef0,subnetIds=subnet-0123456789abcdef0,ipAddressType=IP_V4"
    made = aws(
        server, "finspace", "create-kx-cluster", "--environment-id", environment, "--cluster-name", "cli",
        "--cluster-type", "GP", "--release-label", "1.0", "--az-mode", "SINGLE", "--availability-zone-id", "use1-az1",
        "--vpc-configuration", network, "--capacity-configuration", "nodeType=kx.s.large,nodeCount=1",
        "--code", "s3Bucket=cli-code,s3Key=app.zip", "--initialization-script", "init.q",
    )
    assert json.loads(made)["status"] == "PENDING"

    def wait():
        status = ""
        while status != "RUNNING":
            found = aws(server, "finspace", "get-kx-cluster", "--environment-id", environment, "--cluster-name", "cli")
            status = json.loads(found)["status"]
            assert status in ("PENDING", "CREATING", "RUNNING", "UPDATING"), found

    wait()
    aws(server, "s3", "cp", str(scratch / "app2.zip"), "s3://cli-code/app.zip")
    aws(
        server, "finspace", "update-kx-cluster-code-configuration", "--environment-id", environment,
        "--cluster-name", "cli", "--code", "s3Bucket=cli-code,s3Key=app.zip", "--initialization-script", "init.q",
        "--deployment-configuration", "deploymentStrategy=ROLLING",
    )
    wait()
    listed = json.loads(aws(server, "finspace", "list-kx-clusters", "--environment-id", environment))
    assert "cli" in [cluster["clusterName"] for cluster in listed["kxClusterSummaries"]]
    aws(server, "finspace", "delete-kx-cluster", "--environment-id", environment, "--cluster-name", "cli")
    refused = aws(
        server, "finspace", "get-kx-cluster", "--environment-id", environment, "--cluster-name", "never", expect=255
    )
    assert "ResourceNotFoundException" in refused
