"""The logs of jobs through boto3's client of CloudWatch Logs."""

import os
import re
import tempfile
import time

from checks import check, client, equal, is_refused, new_bucket, refusal, run
from follow_logs import GROUP, Follower

ROLE = "arn:aws:iam::123456789012:role/Batch"
LINES = ["the server is up", *(f"{what} line-{number}" for number in range(6) for what in ("received", "answered"))]

s3, sm, logs = client("s3"), client("sagemaker"), client("logs")
bucket = new_bucket(s3)
s3.put_object(Bucket=bucket, Key="in/six.csv", Body=b"".join(b"line-%d\n" % number for number in range(6)))


class LoggedJob:
    """A job whose model server, the image of model-servers/gated.mjs, prints LINES; half-way it waits for the gate."""

    def __init__(self, name, gated=False, instances=1):
        self.name = name
        self._gate = os.path.join(tempfile.mkdtemp(), "gate")
        environment = {"GATE": self._gate} if gated else {}
        container = {"Image": "gated", "Environment": environment}
        sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}
        sm.create_transform_job(
            TransformJobName=name,
            ModelName=name,
            BatchStrategy="SingleRecord",
            TransformInput={"DataSource": {"S3DataSource": source}, "SplitType": "Line"},
            TransformOutput={"S3OutputPath": f"s3://{bucket}/out/{name}"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": instances},
        )

    def open_gate(self):
        with open(self._gate, "w", encoding="utf-8"):
            pass

    def ended(self):
        waiter = sm.get_waiter("transform_job_completed_or_stopped")
        waiter.wait(TransformJobName=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        return self

    def streams(self):
        answer = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{self.name}/")
        equal("nextToken" in answer, False, "with a prefix there is never a nextToken")
        return {stream["logStreamName"]: stream for stream in answer["logStreams"]}


def read(stream, **members):
    return logs.get_log_events(logGroupName=GROUP, logStreamName=stream, **members)


def messages(answer):
    return [event["message"] for event in answer["events"]]


@check("describe_log_groups: the one that there is, before any job")
def _():
    (group,) = logs.describe_log_groups()["logGroups"]
    equal(group["logGroupName"], GROUP)
    equal(logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"], [group])
    equal(logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"], [])


@check("describe_log_streams: both streams of an instance, as soon as the job runs")
def _():
    job = LoggedJob("streams", gated=True)
    deadline = time.monotonic() + 20
    while sm.describe_transform_job(TransformJobName="streams").get("TransformStartTime") is None:
        equal(time.monotonic() < deadline, True, "the job starts")
    names = []
    while not names and time.monotonic() < deadline:
        names = list(job.streams())
    equal(bool(re.fullmatch(r"streams/i-[0-9a-f]{17}-\d{10}", names[0])), True, names)
    equal(names, [names[0], f"{names[0]}/data-log"])
    job.open_gate()
    stream = job.ended().streams()[names[0]]
    first, last = read(names[0], limit=1, startFromHead=True), read(names[0], limit=1)
    times = [answer["events"][0]["timestamp"] for answer in (first, last)]
    equal([stream["firstEventTimestamp"], stream["lastEventTimestamp"]], times)
    equal(stream["creationTime"] <= times[0] <= times[1], True, stream)
    everything = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1}
    )
    equal(set(names) <= {each["logStreamName"] for page in everything for each in page["logStreams"]}, True)


@check("get_log_events: forwards and backwards in pages; at the end an empty page with the same token")
def _():
    job = LoggedJob("events").ended()
    stream = next(iter(job.streams()))
    equal(messages(read(stream, startFromHead=True)), LINES)
    equal(messages(read(stream)), LINES, "without a direction, when it fits on a page")
    equal(messages(read(stream, limit=2)), LINES[-2:], "the newest, in the order of time")
    forwards, page = [], read(stream, startFromHead=True, limit=5)
    while page["events"]:
        forwards += messages(page)
        token = page["nextForwardToken"]
        page = read(stream, limit=5, nextToken=token)
    equal(forwards, LINES)
    equal(page["nextForwardToken"], token, "the token of the empty page")
    backwards, page = [], read(stream, limit=5)
    while page["events"]:
        backwards = messages(page) + backwards
        page = read(stream, limit=5, nextToken=page["nextBackwardToken"])
    equal(backwards, LINES)
    events = read(stream, startFromHead=True)["events"]
    middle = events[len(events) // 2]["timestamp"]
    later = [event["message"] for event in events if event["timestamp"] >= middle]
    equal(messages(read(stream, startFromHead=True, startTime=middle)), later, "startTime is included")


@check("filter_log_events: all streams by time, in pages, by a pattern")
def _():
    job = LoggedJob("filtered").ended()
    output, data_log = job.streams()
    paginator = logs.get_paginator("filter_log_events")

    def found(size=10_000, **members):
        pages = paginator.paginate(logGroupName=GROUP, PaginationConfig={"PageSize": size}, **members)
        return [event for page in pages for event in page["events"]]

    of = {"logStreamNamePrefix": "filtered/"}
    events = found(**of)
    equal([event["timestamp"] for event in events], sorted(event["timestamp"] for event in events))
    equal([event["message"] for event in events if event["logStreamName"] == output], LINES)
    equal(len({event["eventId"] for event in events}), len(events), "ids are unique")
    equal(found(size=3, **of), events, "in pages of three")
    answered = [event["message"] for event in found(**of, filterPattern='answered -"line-5"')]
    equal(answered, [f"answered line-{number}" for number in range(5)])
    equal({event["logStreamName"] for event in found(logStreamNames=[data_log])}, {data_log})
    equal(found(**of, startTime=events[-1]["timestamp"] + 1), [])


@check("refused: groups and streams that are not there")
def _():
    group = refusal(logs.describe_log_streams, logGroupName="/aws/lambda/f")
    is_refused(group, "ResourceNotFoundException", 400, "The specified log group does not exist.")
    stream = refusal(read, "none")
    is_refused(stream, "ResourceNotFoundException", 400, "The specified log stream does not exist.")
    equal(isinstance(stream.error, logs.exceptions.ResourceNotFoundException), True, repr(stream.error))
    token = refusal(read, "none", nextToken="x")
    equal(token.code in ("InvalidParameterException", "ResourceNotFoundException"), True, str(token))


@check("the SageMaker Python SDK's way to follow a job: every line once, while the job runs and at its end")
def _():
    job = LoggedJob("followed", gated=True)
    lines = []
    for stream, message in Follower(sm, logs, "followed").follow():
        lines.append((stream.endswith("/data-log"), message))
        if message == "received line-0":
            equal(sm.describe_transform_job(TransformJobName="followed")["TransformJobStatus"], "InProgress")
            job.open_gate()
    equal([message for of_data_log, message in lines if not of_data_log], LINES)
    data_log = [message for of_data_log, message in lines if of_data_log]
    equal(len(set(data_log)), len(data_log), "lines of the data log that are told once")
    equal("MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD" in data_log[0], True, data_log)
    again = [message for stream, message in Follower(sm, logs, "followed").follow()]
    equal(sorted(again), sorted(message for _, message in lines), "of a job that has ended")


@check("the SageMaker Python SDK's way to follow a job whose streams are more than its instances")
def _():
    LoggedJob("followed-two", instances=2).ended()
    told = [message for stream, message in Follower(sm, logs, "followed-two").follow() if "/data-log" not in stream]
    equal(sorted(message for message in told if message != LINES[0]), sorted(LINES[1:]))


run()
