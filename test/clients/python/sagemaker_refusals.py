"""What SageMaker refuses, as botocore's ClientError has it: the messages that users know (behaviour 7)."""

import re

from batch import ACCOUNT, ROLE, bucket, finished, job, model, server, sm, start
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from checks import Skip, check, client, equal, is_refused, refusal, run


@check("nothing under the prefix, no bucket")
def _():
    model("of-nothing")
    for uri, name in ((f"s3://{bucket}/none", bucket), ("s3://no-such-bucket/in/", "no-such-bucket")):
        source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
        refused = refusal(start, "nothing-job", "of-nothing", TransformInput=source)
        text = (
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "
            f'"{ROLE}" has "s3:ListBucket" permissions on bucket "{name}".'
        )
        is_refused(refused, "ValidationException", 400, text)
    is_refused(refusal(sm.describe_transform_job, TransformJobName="nothing-job"), "ValidationException")


@check("models that are not there, or there already, or without their data")
def _():
    model("known")
    there = refusal(model, "known")
    is_refused(there, "ValidationException", 400, f'Cannot create already existing model "{ACCOUNT}:model/known".')
    unknown = refusal(start, "of-unknown", "Unknown")
    is_refused(unknown, "ValidationException", 400, f'Could not find model "{ACCOUNT}:model/unknown".')
    container = {"Image": server.url, "ModelDataUrl": f"s3://{bucket}/no/model.tar.gz"}
    no_data = refusal(sm.create_model, ModelName="no-data", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    is_refused(no_data, "ValidationException", 400, f"Could not find model data at s3://{bucket}/no/model.tar.gz.")


@check("a second job of the same name, as the exception ResourceInUse")
def _():
    model("twice")
    arn = start("twice-job", "twice")
    refused = refusal(start, "twice-job", "twice")
    text = "Job name must be unique within an AWS account and region, and a job with this name already exists"
    is_refused(refused, "ResourceInUse", 400, f"{text} ({arn})")
    equal(isinstance(refused.error, sm.exceptions.ResourceInUse), True, repr(refused.error))
    finished("twice-job")


@check("jobs that are not there, or have ended")
def _():
    text = "Could not find requested job with name: none"
    is_refused(refusal(sm.describe_transform_job, TransformJobName="none"), "ValidationException", 400, text)
    begins = re.compile("Could not find job to update with name")
    is_refused(refusal(sm.stop_transform_job, TransformJobName="none"), "ValidationException", 400, begins)
    model("ended")
    start("ended-job", "ended")
    finished("ended-job")
    begins = re.compile("The request was rejected because the transform job is in status Completed")
    is_refused(refusal(sm.stop_transform_job, TransformJobName="ended-job"), "ValidationException", 400, begins)


@check("every constraint that is broken, in one message")
def _():
    def text(*violations):
        count = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected: "
        return count + "; ".join(
            f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}" for value, path, rule in violations
        )

    name_rule = "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    refused = refusal(sm.describe_transform_job, TransformJobName="not_a_name")
    is_refused(refused, "ValidationException", 400, text(("not_a_name", "transformJobName", name_rule)))
    client_config = {"InvocationsMaxRetries": 4}
    refused = refusal(start, "a", "b", ModelClientConfig=client_config)
    rule = "Member must have value less than or equal to 3"
    is_refused(refused, "ValidationException", 400, text(("4", "modelClientConfig.invocationsMaxRetries", rule)))
    refused = refusal(start, "a", "b", BatchStrategy="Both", Environment={"A": "x" * 10_241})
    equal(refused.code, "ValidationException", str(refused))
    equal(refused.message.startswith("2 validation errors detected: Value"), True, refused.message)
    equal("Member must satisfy enum value set: [MultiRecord, SingleRecord]" in refused.message, True, refused.message)
    equal("Member must have length less than or equal to 10240" in refused.message, True, refused.message)
    unchecked = client("sagemaker", Config(parameter_validation=False))
    failed = "Value null at 'modelName' failed to satisfy constraint: Member must not be null"
    text = f"1 validation error detected: {failed}"
    is_refused(refusal(unchecked.describe_model), "ValidationException", 400, text)


@check("a filter that is no JSONPath of batch transform")
def _():
    model("filtered")
    filters = {"OutputFilter": "$.a[?(@.b)]"}
    data = {"TransformInput": {**job("a", "b")["TransformInput"], "ContentType": "application/json"}}
    refused = refusal(start, "filtered-job", "filtered", DataProcessing=filters, **data)
    begins = re.compile(re.escape('Invalid OutputFilter: "$.a[?(@.b)]". Unexpected "?" in JsonPath.'))
    is_refused(refused, "ValidationException", 400, begins)


@check("models that only endpoints can have")
def _():
    source = {"S3Uri": f"s3://{bucket}/models/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {"Image": server.url, "ModelDataSource": {"S3DataSource": source}}
    try:
        sm.create_model(ModelName="endpoint-only", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    except ParamValidationError as error:
        raise Skip("this boto3 has no ModelDataSource") from error
    text = (
        "SageMaker Batch currently doesn't support Model entity with container definitions "
        "which use ModelDataSource attribute"
    )
    is_refused(refusal(start, "endpoint-job", "endpoint-only"), "ValidationException", 400, text)


@check("operations that are not batch transform, with what is there instead")
def _():
    is_refused(refusal(sm.list_endpoints), "UnknownOperationException", 400)


run()
