"""Checks that run in one interpreter, because starting boto3 takes half a second.

A script registers its checks with `@check("what is so")` and ends with `run()`, which prints a line of JSON for each;
python-script.ts makes a test of every line. Clients find the service in the environment, as those of a user do.
"""

import json
import os
import socket
import sys
import traceback
import urllib.request
import uuid
from urllib.error import HTTPError

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
BOTO3 = tuple(int(part) for part in boto3.__version__.split(".")[:2])
# Older ones do not look for AWS_ENDPOINT_URL.
READS_ENDPOINT_URL = BOTO3 >= (1, 28)

_checks = []


class Skip(Exception):
    """Raised by a check that this boto3 cannot do, with the reason."""


def check(name):
    def register(function):
        _checks.append((name, function))
        return function

    return register


def run():
    print(json.dumps({"planned": len(_checks)}))
    for name, function in _checks:
        report = {"check": name}
        try:
            function()
        except Skip as reason:
            report["skipped"] = str(reason)
        except BaseException:
            report["failed"] = traceback.format_exc()
        print(json.dumps(report))
    sys.stdout.flush()
    # Threads of a transfer that was given up would keep the interpreter.
    os._exit(0)


def client(service, config=None, **options):
    """A client of the service under test; options are boto3's."""
    if not READS_ENDPOINT_URL:
        options.setdefault("endpoint_url", ENDPOINT)
    return boto3.client(service, config=config, **options)


def path_style(**options):
    return Config(s3={"addressing_style": "path"}, **options)


def new_bucket(s3, prefix="checks"):
    name = f"{prefix}-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def fetch(url, method="GET", body=None, **headers):
    """By hand, as somebody who was given the address: status and body."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def resolve_localhost_names():
    """RFC 6761 has every name below localhost mean this machine. Not every resolver knows it, glibc's own does not."""
    getaddrinfo = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *more, **options: getaddrinfo(
        "127.0.0.1" if str(host).endswith(".localhost") else host, *more, **options
    )


def refusal(call, *arguments, **members):
    """The ClientError that a call is answered with: its code, its message and the HTTP status."""
    try:
        answer = call(*arguments, **members)
    except ClientError as error:
        response = error.response
        return Refusal(
            response["Error"].get("Code"),
            response["Error"].get("Message"),
            response["ResponseMetadata"]["HTTPStatusCode"],
            error,
        )
    raise AssertionError(f"it was not refused but answered: {answer}")


class Refusal:
    def __init__(self, code, message, status, error):
        self.code, self.message, self.status, self.error = code, message, status, error

    def __repr__(self):
        return f"{self.status} {self.code}: {self.message}"


def equal(actual, expected, what="value"):
    if actual != expected:
        raise AssertionError(f"{what}:\n  is       {shown(actual)}\n  expected {shown(expected)}")


def shown(value):
    text = repr(value)
    return text if len(text) <= 1500 else f"{text[:1500]}… ({len(text)} characters)"


def is_refused(refused, code, status=None, message=None):
    """`message`: all of it, or a compiled pattern for its beginning."""
    if refused.code != code or (status is not None and refused.status != status):
        raise AssertionError(f"refused with {refused}, expected {status or ''} {code}")
    if hasattr(message, "match"):
        if not message.match(refused.message):
            raise AssertionError(f"message:\n  is       {refused.message!r}\n  expected {message.pattern!r}")
    elif message is not None:
        equal(refused.message, message, "message")
