"""The whole story with boto3 and PyKX: clusters, users, connections, code updates and their refusals."""

import os

os.environ.setdefault("PYKX_UNLICENSED", "true")
os.environ.setdefault("PYKX_ALLOCATOR", "0")

import pykx
import pytest
from botocore.exceptions import ClientError

from conftest import REGION, ROLE, cluster_request, connection_parts, upload, wait_running

FIRST = {
    "init.q": 'system"l /opt/kx/app/code/lib.q"\ntrades:([]sym:`a`b`c;size:10 20 30)\n',
    "lib.q": "version:1\n",
    "old.q": "gone:1\n",
}
SECOND = {"init.q": 'system"l /opt/kx/app/code/lib.q"\ntrades:([]sym:`x`y;size:1 2)\n', "lib.q": "version:2\n"}


def connect(server, environment, cluster, **options):
    host, port, user, password = connection_parts(server, environment, cluster)
    return pykx.SyncQConnection(host=host, port=port, username=user, password=password, timeout=10, **options)


def ask(server, environment, cluster, query):
    with connect(server, environment, cluster, no_ctx=True) as q:
        return q(query).py()


def refusal(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


@pytest.fixture(scope="module")
def gp(finspace, s3, environment):
    code = upload(s3, "first.zip", FIRST)
    arguments = [{"key": "procName", "value": "research1"}, {"key": "s", "value": "2"}]
    made = finspace.create_kx_cluster(
        **cluster_request(environment, "research", code, initializationScript="init.q", commandLineArguments=arguments)
    )
    assert made["status"] == "PENDING"
    wait_running(finspace, environment, "research")
    return "research"


def test_a_cluster_runs_the_users_code_and_sees_its_arguments(server, finspace, environment, gp):
    found = finspace.get_kx_cluster(environmentId=environment, clusterName=gp)
    assert found["initializationScript"] == "init.q"
    assert {"key": "procName", "value": "research1"} in found["commandLineArguments"]
    assert "databases" not in found
    assert ask(server, environment, gp, "version") == 1
    assert ask(server, environment, gp, "exec sum size from trades") == 60
    assert ask(server, environment, gp, "first (.Q.opt .z.x)`procName") == b"research1"
    assert ask(server, environment, gp, "first .aws.args`procName") == b"research1"
    nodes = finspace.list_kx_cluster_nodes(environmentId=environment, clusterName=gp)["nodes"]
    assert len(nodes) == 1 and nodes[0]["status"] == "RUNNING"


def test_no_restart_changes_files_and_keeps_handles_and_data(server, finspace, s3, environment, gp):
    with connect(server, environment, gp, no_ctx=True) as q:
        q("live:42")
        pid = q(".z.i").py()
        code = upload(s3, "second.zip", SECOND)
        finspace.update_kx_cluster_code_configuration(
            environmentId=environment,
            clusterName=gp,
            code=code,
            deploymentConfiguration={"deploymentStrategy": "NO_RESTART"},
        )
        wait_running(finspace, environment, gp)
        assert q("live").py() == 42 and q(".z.i").py() == pid
        assert q("version").py() == 1
        q('system"l /opt/kx/app/code/lib.q"')
        assert q("version").py() == 2
        assert "old.q" not in [str(name) for name in q("key `:/opt/kx/app/code").py()]
    found = finspace.get_kx_cluster(environmentId=environment, clusterName=gp)
    assert found["initializationScript"] == "init.q", "kept: this strategy does not replace it"


def test_force_replaces_the_whole_configuration(server, finspace, s3, environment, gp):
    code = upload(s3, "second.zip", SECOND)
    finspace.update_kx_cluster_code_configuration(
        environmentId=environment,
        clusterName=gp,
        code=code,
        initializationScript="init.q",
        deploymentConfiguration={"deploymentStrategy": "FORCE"},
    )
    assert finspace.get_kx_cluster(environmentId=environment, clusterName=gp)["status"] == "UPDATING"
    code_refused, message = refusal(
        finspace.update_kx_cluster_code_configuration, environmentId=environment, clusterName=gp, code=code
    )
    assert code_refused == "ConflictException" and "UPDATING" in message
    found = wait_running(finspace, environment, gp)
    assert "commandLineArguments" not in found, "left out of the request, so removed"
    assert ask(server, environment, gp, "exec sum size from trades") == 3


def test_updates_that_cannot_work_are_refused_before_anything_changes(server, finspace, s3, environment, gp):
    def update(**more):
        return refusal(finspace.update_kx_cluster_code_configuration, environmentId=environment, clusterName=gp, **more)

    good = upload(s3, "good.zip", SECOND)
    bad = upload(s3, "bad.zip", {"init.q": "a:1\n", "lib/broken.q": "b:2\nf:{x+(y}\n"})
    s3.put_object(Bucket="code", Key="text.zip", Body=b"this is not a zip")
    name, message = update(code=bad, initializationScript="init.q")
    assert name == "ValidationException" and "lib/broken.q:2:" in message
    name, message = update(code=good, initializationScript="start.q")
    assert name == "ValidationException" and "start.q" in message
    name, message = update(code={"s3Bucket": "code", "s3Key": "text.zip"})
    assert name == "ValidationException" and "zip" in message
    name, message = update(code={"s3Bucket": "code", "s3Key": "absent.zip"})
    assert name == "ValidationException" and "absent.zip" in message
    name, _ = update(code={"s3Bucket": "nowhere", "s3Key": "first.zip"})
    assert name == "ValidationException"
    strategy = {"deploymentStrategy": "NO_RESTART"}
    name, message = update(code=good, initializationScript="init.q", deploymentConfiguration=strategy)
    assert name == "ValidationException" and "initializationScript" in message
    assert finspace.get_kx_cluster(environmentId=environment, clusterName=gp)["status"] == "RUNNING"
    assert ask(server, environment, gp, "version") == 2


def test_a_failing_init_script_returns_to_the_last_good_revision(server, finspace, s3, environment, gp):
    code = upload(s3, "failing.zip", {"init.q": "a:1\n'`$\"no such market\"\n"})
    finspace.update_kx_cluster_code_configuration(
        environmentId=environment, clusterName=gp, code=code, initializationScript="init.q"
    )
    found = wait_running(finspace, environment, gp)
    assert "no such market" in found["statusReason"]
    assert found["code"]["s3Key"] == "second.zip"
    assert ask(server, environment, gp, "version") == 2


def test_tokens_answer_once_and_refuse_other_requests(finspace, s3, environment):
    code = upload(s3, "token.zip", SECOND)
    request = cluster_request(environment, "token", code, clientToken="a-token-of-this-test")
    first = finspace.create_kx_cluster(**request)
    assert finspace.create_kx_cluster(**request)["createdTimestamp"] == first["createdTimestamp"]
    name, _ = refusal(finspace.create_kx_cluster, **dict(request, clusterDescription="another"))
    assert name == "ConflictException"
    name, message = refusal(finspace.create_kx_cluster, **dict(request, clientToken="another-token"))
    assert name == "ConflictException" and message == "Cluster already exists with alias: token"
    wait_running(finspace, environment, "token")
    finspace.delete_kx_cluster(environmentId=environment, clusterName="token")
    gone = None
    while gone is None:
        try:
            assert finspace.get_kx_cluster(environmentId=environment, clusterName="token")["status"] == "DELETING"
        except finspace.exceptions.ResourceNotFoundException as error:
            gone = error
    assert gone.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_wrong_credentials_and_tokens_of_other_clusters_are_refused(server, finspace, s3, environment, gp):
    import boto3

    stranger = boto3.Session("AKIAIOSFODNN7EXAMPLE", "wrong", region_name=REGION)
    name, _ = refusal(stranger.client("finspace", endpoint_url=server.endpoint).list_kx_environments)
    assert name in ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException")
    forged = boto3.Session(server.env["AWS_ACCESS_KEY_ID"], "wrong", region_name=REGION)
    for service, call in (("finspace", "list_kx_environments"), ("s3", "list_buckets"), ("sts", "get_caller_identity")):
        name, _ = refusal(getattr(forged.client(service, endpoint_url=server.endpoint), call))
        assert "Signature" in name, (service, name)
    user = finspace.get_kx_user(environmentId=environment, userName="analyst")
    name, _ = refusal(
        finspace.get_kx_connection_string, environmentId=environment, userArn=user["userArn"], clusterName=gp
    )
    assert name == "AccessDeniedException", "the caller must hold the role of the kx user"

    code = upload(s3, "first.zip", FIRST)
    finspace.create_kx_cluster(**cluster_request(environment, "other", code, initializationScript="init.q"))
    wait_running(finspace, environment, "other")
    host, port, _, _ = connection_parts(server, environment, "other")
    _, _, name, password = connection_parts(server, environment, gp)
    with pytest.raises(pykx.PyKXException):
        pykx.SyncQConnection(host=host, port=port, username=name, password=password, no_ctx=True)
    with pytest.raises(pykx.PyKXException):
        pykx.SyncQConnection(host=host, port=port, username=name, password="", no_ctx=True)
    finspace.delete_kx_cluster(environmentId=environment, clusterName="other")


def test_plain_and_tls_answer_on_the_same_port_with_the_default_connection(server, environment, gp):
    for tls in (False, True):
        with connect(server, environment, gp, tls=tls) as q:
            assert q("1+1").py() == 2
            assert q("{x+y}", 1, 2).py() == 3
            frame = q("trades").pd()
            assert list(frame["sym"]) == ["x", "y"] and list(frame["size"]) == [1, 2]


def test_rolling_serves_all_the_time(server, finspace, s3, environment):
    code = upload(s3, "rolling1.zip", FIRST)
    finspace.create_kx_cluster(
        **cluster_request(environment, "gateway", code, kind="GATEWAY", nodes=3, initializationScript="init.q")
    )
    wait_running(finspace, environment, "gateway")
    host, port, user, password = connection_parts(server, environment, "gateway")
    finspace.update_kx_cluster_code_configuration(
        environmentId=environment,
        clusterName="gateway",
        code=upload(s3, "rolling2.zip", SECOND),
        initializationScript="init.q",
    )
    seen = []
    while True:
        with pykx.SyncQConnection(host, port, username=user, password=password, no_ctx=True, timeout=10) as q:
            seen.append(q("version").py())
        if finspace.get_kx_cluster(environmentId=environment, clusterName="gateway")["status"] == "RUNNING":
            break
    assert set(seen) <= {1, 2}
    for _ in range(20):
        with pykx.SyncQConnection(host, port, username=user, password=password, no_ctx=True, timeout=10) as q:
            assert q("version").py() == 2
    finspace.delete_kx_cluster(environmentId=environment, clusterName="gateway")


def test_tags_users_and_not_yet(finspace, environment):
    arn = finspace.get_kx_user(environmentId=environment, userName="analyst")["userArn"]
    finspace.tag_resource(resourceArn=arn, tags={"team": "quant", "desk": "fx"})
    finspace.untag_resource(resourceArn=arn, tagKeys=["desk"])
    assert finspace.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "quant"}
    names = [user["userName"] for user in finspace.list_kx_users(environmentId=environment)["users"]]
    assert names == ["analyst"]
    name, _ = refusal(finspace.create_kx_user, environmentId=environment, userName="analyst", iamRole=ROLE)
    assert name == "ResourceAlreadyExistsException"
    _, message = refusal(finspace.list_kx_databases, environmentId=environment)
    assert "not implemented" in message.lower()
