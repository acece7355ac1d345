"""The order of calls and waits of the service's own samples for updating a cluster, with their assumptions."""

import time

import boto3
import pytest

from conftest import cluster_request, upload, wait_running

LIBRARY = {"init.q": "system\"l /opt/kx/app/code/lib.q\"\n", "lib.q": "pv:{\"this is version 1\"}\n"}


@pytest.fixture
def by_environment(server, monkeypatch):
    """A client made as the samples make theirs: nothing but environment variables says where the service is."""
    for name, value in server.env.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return boto3.Session().client(service_name="finspace")


def wait_for_status(client, environment, cluster, wanted, pause=0.1, limit=60):
    """Polls as the samples do: a cluster that is not found ends the wait."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            status = client.get_kx_cluster(environmentId=environment, clusterName=cluster)["status"]
        except client.exceptions.ResourceNotFoundException:
            return None
        if status == wanted or status == "CREATE_FAILED":
            return status
        time.sleep(pause)
    raise AssertionError(f"{cluster} is not {wanted} after {limit} s")


@pytest.mark.parametrize("strategy", ["NO_RESTART", "FORCE", "ROLLING"])
def test_update_a_cluster_as_the_samples_do(by_environment, finspace, s3, environment, strategy):
    client, name = by_environment, "sample-" + strategy.lower().replace("_", "-")
    code = upload(s3, "codebundle1.zip", LIBRARY)
    arguments = [{"key": "s", "value": "2"}, {"key": "dbname", "value": "welcomedb"}, {"key": "AWS_ZIP_DEFAULT", "value": "17,2,6"}]
    request = cluster_request(environment, name, code, initializationScript="init.q", commandLineArguments=arguments)
    client.create_kx_cluster(**request)
    assert wait_for_status(client, environment, name, "RUNNING") == "RUNNING"

    present = client.get_kx_cluster(environmentId=environment, clusterName=name)
    assert present["status"] == "RUNNING"
    second = upload(s3, "codebundle2.zip", dict(LIBRARY, **{"lib.q": "pv:{\"this is version 2\"}\n"}))
    update = {
        "environmentId": environment,
        "clusterName": name,
        "code": {"s3Bucket": second["s3Bucket"], "s3Key": second["s3Key"]},
        "deploymentConfiguration": {"deploymentStrategy": strategy},
    }
    if strategy != "NO_RESTART":
        update["initializationScript"] = present["initializationScript"]
        update["commandLineArguments"] = present["commandLineArguments"]
    answer = client.update_kx_cluster_code_configuration(**update)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert wait_for_status(client, environment, name, "RUNNING") == "RUNNING"
    after = client.get_kx_cluster(environmentId=environment, clusterName=name)
    assert after["code"]["s3Key"] == "codebundle2.zip" and after["initializationScript"] == "init.q"
    assert sorted(pair["key"] for pair in after["commandLineArguments"]) == ["AWS_ZIP_DEFAULT", "dbname", "s"]

    client.delete_kx_cluster(environmentId=environment, clusterName=name)
    assert wait_for_status(client, environment, name, "never") is None


def test_lists_end_without_a_token_and_answers_can_create_again(finspace, s3, environment):
    code = upload(s3, "codebundle1.zip", LIBRARY)
    finspace.create_kx_cluster(**cluster_request(environment, "template", code, initializationScript="init.q"))
    found = wait_running(finspace, environment, "template")
    listed = finspace.list_kx_clusters(environmentId=environment, clusterType="GP")
    assert "nextToken" not in listed
    members = ("capacityConfiguration", "vpcConfiguration", "code", "azMode", "availabilityZoneId", "releaseLabel")
    again = {member: found[member] for member in members}
    finspace.create_kx_cluster(environmentId=environment, clusterName="copy", clusterType=found["clusterType"], **again)
    wait_running(finspace, environment, "copy")
    for name in ("template", "copy"):
        finspace.delete_kx_cluster(environmentId=environment, clusterName=name)
