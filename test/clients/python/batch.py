"""Models and jobs of a script of checks: a bucket with input, a model server, and the calls that every check needs."""

import datetime

from checks import client, equal, new_bucket
from model_server import ModelServer

ACCOUNT = "arn:aws:sagemaker:us-east-1:000000000000"
ROLE = "arn:aws:iam::123456789012:role/service-role/Batch-Role"
FINISHED = "transform_job_completed_or_stopped"
# For waiters, which would look once a minute.
AT_ONCE = {"Delay": 0.1, "MaxAttempts": 300}

s3 = client("s3")
sm = client("sagemaker")
bucket = new_bucket(s3)
server = ModelServer()
for _name, _text in (("in/a.csv", "1,aaa\n2,b\n"), ("in/d/b.csv", "3,cc")):
    s3.put_object(Bucket=bucket, Key=_name, Body=_text.encode())


def model(name, image=server.url, **members):
    # Older clients require a role, newer ones and the service do not.
    container = {"Image": image}
    return sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE, **members)["ModelArn"]


def job(name, model_name, **members):
    """A request over `in/` with nothing in it but what is required, and `members`."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}
    return {
        "TransformJobName": name,
        "ModelName": model_name,
        "TransformInput": {"DataSource": {"S3DataSource": source}},
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out/{name}"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **members,
    }


def start(name, model_name, **members):
    return sm.create_transform_job(**job(name, model_name, **members))["TransformJobArn"]


def finished(name):
    """The description of a job when it has ended, which must not be as Failed."""
    sm.get_waiter(FINISHED).wait(TransformJobName=name, WaiterConfig=AT_ONCE)
    return describe(name)


def describe(name):
    answer = sm.describe_transform_job(TransformJobName=name)
    answer.pop("ResponseMetadata")
    return answer


def outputs(prefix):
    """Every object under a prefix: what comes after the prefix, and its text."""
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = [item["Key"] for item in listed]
    return {key[len(prefix) :]: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def is_now(moment):
    age = datetime.datetime.now(datetime.timezone.utc) - moment
    equal(datetime.timedelta(seconds=-1) < age < datetime.timedelta(minutes=1), True, f"{moment} is {age} ago")
