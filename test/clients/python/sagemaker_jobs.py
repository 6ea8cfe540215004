"""Transform jobs through boto3's client of SageMaker: what is asked of them, shown of them, and becomes of them."""

import datetime
import json
import re

from batch import (
    ACCOUNT,
    AT_ONCE,
    FINISHED,
    bucket,
    describe,
    finished,
    is_now,
    job,
    model,
    outputs,
    sm,
    start,
)
from botocore.exceptions import WaiterError
from checks import check, equal, is_refused, refusal, run
from model_server import ModelServer


def objects_of(manifest):
    prefix, *names = manifest
    return [prefix["prefix"] + name for name in names]


def understood(shape, value):
    """What this boto3 knows of a request: older ones refuse members that are newer than they are."""
    if shape.type_name != "structure":
        return value
    return {name: understood(shape.members[name], value[name]) for name in value if name in shape.members}


EVERY_MEMBER = {
    "TransformJobName": "Every-Member",
    "ModelName": "of-every-member",
    "MaxConcurrentTransforms": 2,
    "ModelClientConfig": {"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 1},
    "MaxPayloadInMB": 5,
    "BatchStrategy": "MultiRecord",
    "Environment": {"LEVEL": "info", "_x1": "a=b\nc"},
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in"}},
        "ContentType": "text/csv",
        "CompressionType": "None",
        "SplitType": "Line",
    },
    "TransformOutput": {
        "S3OutputPath": f"s3://{bucket}/out/every",
        "Accept": "text/csv",
        "AssembleWith": "Line",
        "KmsKeyId": "",
    },
    "DataCaptureConfig": {
        "DestinationS3Uri": f"s3://{bucket}/captured",
        "KmsKeyId": "",
        "GenerateInferenceId": True,
    },
    "TransformResources": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 2,
        "VolumeKmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
        "TransformAmiVersion": "al2-ami-sagemaker-batch-gpu-535",
    },
    "DataProcessing": {"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
    "ExperimentConfig": {
        "ExperimentName": "e",
        "TrialName": "t",
        "TrialComponentDisplayName": "c",
        "RunName": "r",
    },
}


@check("create_transform_job: every member is kept and shown, and counts")
def _():
    model("of-every-member")
    request = understood(sm.meta.service_model.operation_model("CreateTransformJob").input_shape, EVERY_MEMBER)
    tags = [{"Key": "team", "Value": "a"}, {"Key": "empty", "Value": ""}]
    arn = sm.create_transform_job(**request, Tags=tags)["TransformJobArn"]
    equal(arn, f"{ACCOUNT}:transform-job/every-member")
    answer = finished("Every-Member")
    times = [answer.pop(name) for name in ("CreationTime", "TransformStartTime", "TransformEndTime")]
    is_now(times[0])
    equal(times, sorted(times), "created, started, ended")
    equal(answer, {**request, "TransformJobArn": arn, "TransformJobStatus": "Completed"})
    equal(sorted(sm.list_tags(ResourceArn=arn)["Tags"], key=str), sorted(tags, key=str))
    # The input is joined with the length of all but its first column; then the first column and the last of all that.
    started = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    written = outputs("out/every/")
    equal(sorted(written), ["a.csv.out", "d/b.csv.out"])
    lines = re.compile(rf"1,3,[0-9a-f-]{{36}},{started}\n2,1,[0-9a-f-]{{36}},{started}\n")
    equal(bool(lines.fullmatch(written["a.csv.out"])), True, written["a.csv.out"])
    captured = {key.split("/")[1]: json.loads(text) for key, text in outputs("captured").items()}
    equal(objects_of(captured["input"]), [f"s3://{bucket}/in/{name}" for name in ("a.csv", "d/b.csv")])
    equal(objects_of(captured["output"]), [f"s3://{bucket}/out/every/{name}" for name in ("a.csv.out", "d/b.csv.out")])


@check("refused: keys for results, which the store that comes along does not encrypt, rather than forgotten")
def _():
    model("encrypted")
    output = {"S3OutputPath": f"s3://{bucket}/out/encrypted", "KmsKeyId": "alias/output"}
    capture = {"DestinationS3Uri": f"s3://{bucket}/captured", "KmsKeyId": "alias/output"}
    begins = re.compile(f'The KMS key "alias/output" cannot be used for the bucket "{bucket}"')
    for members in ({"TransformOutput": output}, {"DataCaptureConfig": capture}):
        is_refused(refusal(start, "encrypted", "encrypted", **members), "ValidationException", 400, begins)


@check("describe_transform_job: what the original fills in and what it leaves out of a plain job")
def _():
    model("plain")
    arn = start("plain-job", "plain")
    request = job("plain-job", "plain")
    answer = finished("plain-job")
    for moment in ("CreationTime", "TransformStartTime", "TransformEndTime"):
        answer.pop(moment)
    filled = {
        "TransformInput": {**request["TransformInput"], "CompressionType": "None", "SplitType": "None"},
        "TransformOutput": {**request["TransformOutput"], "AssembleWith": "None", "KmsKeyId": ""},
        "DataProcessing": {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"},
    }
    equal(answer, {**request, **filled, "TransformJobArn": arn, "TransformJobStatus": "Completed"})
    equal(outputs("out/plain-job/"), {"a.csv.out": "5\n3\n", "d/b.csv.out": "4\n"})


@check("list_transform_jobs: names, states, order and pages")
def _():
    model("of-lists")
    for number in range(5):
        start(f"listed-job-{number}", "of-lists")
    for number in range(5):
        finished(f"listed-job-{number}")
    ask = {"NameContains": "listed-job", "SortBy": "Name", "SortOrder": "Descending"}
    pages = list(sm.get_paginator("list_transform_jobs").paginate(**ask, PaginationConfig={"PageSize": 2}))
    names = [[each["TransformJobName"][-1] for each in page["TransformJobSummaries"]] for page in pages]
    equal(names, [["4", "3"], ["2", "1"], ["0"]])
    summary = pages[0]["TransformJobSummaries"][0]
    described = describe("listed-job-4")
    same = ("TransformJobArn", "CreationTime", "TransformEndTime", "TransformJobStatus")
    equal({name: summary[name] for name in same}, {name: described[name] for name in same})
    equal("FailureReason" in summary, False)

    def count(**members):
        return len(sm.list_transform_jobs(NameContains="listed-job", **members)["TransformJobSummaries"])

    future = datetime.datetime.now() + datetime.timedelta(hours=1)
    equal([count(StatusEquals="Completed"), count(StatusEquals="Failed")], [5, 0])
    equal([count(LastModifiedTimeAfter=future), count(LastModifiedTimeBefore=future)], [0, 5])
    equal([count(CreationTimeAfter=future), count(CreationTimeBefore=future)], [0, 5])


@check("stop_transform_job: Stopping, then Stopped; what was done stays; a stopped job cannot be stopped")
def _():
    gated = ModelServer(gated=True)
    model("gated", gated.url)
    start("stopped-job", "gated")
    equal(gated.arrived.wait(20), True, "a request came")
    running = describe("stopped-job")
    equal([running["TransformJobStatus"], "TransformEndTime" in running], ["InProgress", False])
    equal("TransformStartTime" in running, True)
    sm.stop_transform_job(TransformJobName="stopped-job")
    equal(describe("stopped-job")["TransformJobStatus"] in ("Stopping", "Stopped"), True)
    gated.gate.set()
    equal(finished("stopped-job")["TransformJobStatus"], "Stopped")
    refused = refusal(sm.stop_transform_job, TransformJobName="stopped-job")
    begins = re.compile("The request was rejected because the transform job is in status Stopped")
    is_refused(refused, "ValidationException", 400, begins)


@check("a job that fails: the waiter says so, and FailureReason why")
def _():
    def refuse(body):
        return (400, b"no such column") if b"cc" in body else (200, b"fine")

    model("refusing", ModelServer(refuse).url)
    start("failed-job", "refusing")
    try:
        sm.get_waiter(FINISHED).wait(TransformJobName="failed-job", WaiterConfig=AT_ONCE)
        raise AssertionError("the waiter did not fail")
    except WaiterError as error:
        equal(error.last_response["TransformJobStatus"], "Failed", str(error))
    reason = describe("failed-job")["FailureReason"]
    equal(reason.startswith("ClientError:"), True, reason)
    equal("in/d/b.csv" in reason and "no such column" in reason and len(reason) <= 1024, True, reason)
    equal(outputs("out/failed-job/"), {"a.csv.out": "fine"}, "the other object's result")
    (summary,) = sm.list_transform_jobs(NameContains="failed-job", StatusEquals="Failed")["TransformJobSummaries"]
    equal(summary["FailureReason"], reason)


run()
