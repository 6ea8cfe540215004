"""Models through boto3's client of SageMaker."""

import datetime

from batch import ACCOUNT, ROLE, bucket, finished, is_now, model, outputs, s3, server, sm, start
from checks import check, equal, is_refused, refusal, run
from model_server import ModelServer


@check("create_model: with one container, every member is kept and shown")
def _():
    s3.put_object(Bucket=bucket, Key="models/model.tar.gz", Body=b"x")
    request = {
        "ModelName": "Whole-Model",
        "PrimaryContainer": {
            "ContainerHostname": "main",
            "Image": server.url,
            "ImageConfig": {
                "RepositoryAccessMode": "Vpc",
                "RepositoryAuthConfig": {
                    "RepositoryCredentialsProviderArn": "arn:aws:lambda:us-east-1:123456789012:function:f"
                },
            },
            "Mode": "SingleModel",
            "ModelDataUrl": f"s3://{bucket}/models/model.tar.gz",
            "Environment": {"LEVEL": "debug", "_empty": ""},
            "InferenceSpecificationName": "spec-1",
            "MultiModelConfig": {"ModelCacheSetting": "Disabled"},
        },
        "ExecutionRoleArn": ROLE,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
        "EnableNetworkIsolation": True,
    }
    arn = sm.create_model(**request, Tags=[{"Key": "team", "Value": "a"}])["ModelArn"]
    equal(arn, f"{ACCOUNT}:model/whole-model")
    answer = sm.describe_model(ModelName="Whole-Model")
    is_now(answer.pop("CreationTime"))
    answer.pop("ResponseMetadata")
    equal(answer, {**request, "ModelArn": arn})
    equal(sm.list_tags(ResourceArn=arn)["Tags"], [{"Key": "team", "Value": "a"}])


@check("create_model: containers in a row, each called with what the one before answered")
def _():
    second = ModelServer(lambda body: (200, b"".join(b"<%s>\n" % line for line in body.splitlines())))
    containers = [
        {"ContainerHostname": "first", "Image": server.url, "Environment": {"A": "1"}},
        {"ContainerHostname": "second", "Image": second.url},
    ]
    mode = {"Mode": "Serial"}
    sm.create_model(ModelName="row", Containers=containers, InferenceExecutionConfig=mode, ExecutionRoleArn=ROLE)
    answer = sm.describe_model(ModelName="row")
    equal([answer["Containers"], answer["InferenceExecutionConfig"]], [containers, mode])
    equal("PrimaryContainer" in answer, False)
    start("row-job", "row", TransformOutput={"S3OutputPath": f"s3://{bucket}/out/row/"})
    equal(finished("row-job")["TransformJobStatus"], "Completed")
    equal(outputs("out/row/"), {"a.csv.out": "<5>\n<3>\n", "d/b.csv.out": "<4>\n"})


@check("list_models: names, order and pages")
def _():
    for number in range(5):
        model(f"listed-{number}")
    ask = {"NameContains": "listed-", "SortBy": "Name", "SortOrder": "Ascending"}
    pages = list(sm.get_paginator("list_models").paginate(**ask, PaginationConfig={"PageSize": 2}))
    names = [[each["ModelName"] for each in page["Models"]] for page in pages]
    equal(names, [["listed-0", "listed-1"], ["listed-2", "listed-3"], ["listed-4"]])
    newest = sm.list_models(NameContains="listed-", MaxResults=1)
    equal([each["ModelName"] for each in newest["Models"]], ["listed-4"], "newest first by default")
    future = datetime.datetime.now() + datetime.timedelta(hours=1)
    equal(sm.list_models(CreationTimeAfter=future)["Models"], [])
    equal(len(sm.list_models(NameContains="listed", CreationTimeBefore=future)["Models"]), 5)
    is_refused(refusal(sm.list_models, NextToken="x"), "ValidationException", 400)


@check("delete_model: it is gone, and a job that was created with it goes on")
def _():
    gated = ModelServer(gated=True)
    model("deleted", gated.url)
    start("of-deleted", "deleted")
    sm.delete_model(ModelName="deleted")
    text = f'Could not find model "{ACCOUNT}:model/deleted".'
    for call in (sm.delete_model, sm.describe_model):
        is_refused(refusal(call, ModelName="deleted"), "ValidationException", 400, text)
    gated.gate.set()
    equal(finished("of-deleted")["TransformJobStatus"], "Completed")
    model("deleted")


@check("tags: of a model and of a job, added, replaced, listed in pages and removed")
def _():
    arns = [model("tagged", Tags=[{"Key": "a", "Value": "1"}]), start("tagged-job", "tagged")]
    for arn in arns:
        added = sm.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "ü b", "Value": "3"}])["Tags"]
        both = [{"Key": "a", "Value": "2"}, {"Key": "ü b", "Value": "3"}]
        equal(sorted(added, key=str), sorted(both, key=str))
        pages = sm.get_paginator("list_tags").paginate(ResourceArn=arn)
        equal(sorted((tag for page in pages for tag in page["Tags"]), key=str), sorted(both, key=str))
        sm.delete_tags(ResourceArn=arn, TagKeys=["a", "not there"])
        equal(sm.list_tags(ResourceArn=arn)["Tags"], both[1:])
    finished("tagged-job")
    unknown = refusal(sm.list_tags, ResourceArn=f"{ACCOUNT}:model/unknown")
    is_refused(unknown, "ValidationException", 400)


run()
