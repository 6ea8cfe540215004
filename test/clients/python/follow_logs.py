"""Follows the logs of a transform job as the SageMaker Python SDK does with `logs=True`.

Imitates, call for call, `logs_for_transform_job` and `_flush_log_streams` of sagemaker/session.py and
`multi_stream_iter` and `log_stream` of sagemaker/logs.py (https://github.com/aws/sagemaker-python-sdk, Apache License
2.0), written anew. What depends on the service's behaviour is as it is there:

- the streams are asked for with the prefix "<job>/" and `limit` set to the number of instances, although a job has more
  streams than instances; while there is a nextToken the *first* page is asked for again, without the token;
- of each stream only (time of the last event, events seen at that time) is remembered: the next look starts at that
  time and skips as many;
- a stream is read on until a page is empty;
- a log group that is not there yet is no error;
- after the job has ended there is one more pause and one more look.
"""

import time

from botocore.exceptions import ClientError

GROUP = "/aws/sagemaker/TransformJobs"
ENDED = ("Completed", "Failed", "Stopped")
# The SDK would ask for ever.
MOST_PAGES = 20


class Follower:
    """`poll` and `describe_every` in seconds; the SDK has 10 and 30."""

    def __init__(self, sagemaker, logs, job, poll=0.1, describe_every=0.2):
        self._sagemaker, self._logs, self._job = sagemaker, logs, job
        self._poll, self._describe_every = poll, describe_every
        self._seen = {}

    def follow(self):
        """Yields (stream, message) until the job is over, then everything that came late."""
        job = self._sagemaker.describe_transform_job(TransformJobName=self._job)
        instances = job["TransformResources"]["InstanceCount"]
        looks_left = 1 if job["TransformJobStatus"] in ENDED else None
        described = time.monotonic()
        while True:
            yield from self._look(instances)
            if looks_left is not None:
                looks_left -= 1
                if looks_left == 0:
                    return
            time.sleep(self._poll)
            if looks_left is None and time.monotonic() - described >= self._describe_every:
                job = self._sagemaker.describe_transform_job(TransformJobName=self._job)
                described = time.monotonic()
                if job["TransformJobStatus"] in ENDED:
                    looks_left = 2

    def _look(self, instances):
        streams = self._streams(instances)
        readers = [self._events(stream) for stream in streams]
        heads = [next(reader, None) for reader in readers]
        while any(heads):
            oldest = min((i for i, head in enumerate(heads) if head), key=lambda i: heads[i]["timestamp"])
            stream, event = streams[oldest], heads[oldest]
            yield stream, event["message"]
            at, count = self._seen[stream]
            self._seen[stream] = (at, count + 1) if event["timestamp"] == at else (event["timestamp"], 1)
            heads[oldest] = next(readers[oldest], None)

    def _streams(self, instances):
        of = {"logGroupName": GROUP, "logStreamNamePrefix": f"{self._job}/", "orderBy": "LogStreamName"}
        try:
            page = self._logs.describe_log_streams(**of, limit=min(instances, 50))
            names = [stream["logStreamName"] for stream in page["logStreams"]]
            pages = 1
            while "nextToken" in page:
                pages += 1
                if pages > MOST_PAGES:
                    raise AssertionError(f"the SDK would ask for ever: there is a nextToken after {names}")
                page = self._logs.describe_log_streams(**of, limit=50)
                names.extend(stream["logStreamName"] for stream in page["logStreams"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            names = []
        for name in names:
            self._seen.setdefault(name, (0, 0))
        return names

    def _events(self, stream):
        start, skip = self._seen[stream]
        of = {"logGroupName": GROUP, "logStreamName": stream, "startTime": start, "startFromHead": True}
        token = {}
        while True:
            page = self._logs.get_log_events(**of, **token)
            if not page["events"]:
                return
            token = {"nextToken": page["nextForwardToken"]}
            yield from page["events"][skip:]
            skip = max(0, skip - len(page["events"]))
