"""A service with access keys: what is signed with them is answered, and nothing else is."""

import io
import os
import time

from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from checks import (
    ENDPOINT,
    check,
    client,
    equal,
    fetch,
    is_refused,
    new_bucket,
    refusal,
    resolve_localhost_names,
    run,
)

KEY = "a b+c%20d/ü&?#"
MIB = 2**20
ID = os.environ["AWS_ACCESS_KEY_ID"]
WRONG_SECRET = {"aws_access_key_id": ID, "aws_secret_access_key": "not the secret"}
NOBODY = {"aws_access_key_id": "NOBODY", "aws_secret_access_key": "x"}

resolve_localhost_names()
V4 = Config(signature_version="s3v4")
s3 = client("s3", V4)
bucket = new_bucket(s3)


def presigned(operation, expires=60, signer=s3, **members):
    parameters = {"Bucket": bucket, "Key": KEY, **members}
    return signer.generate_presigned_url(operation, Params=parameters, ExpiresIn=expires)


@check("S3: signed requests with every kind of body, key and query are answered")
def _():
    body = os.urandom(12 * MIB)
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", ContentType="text/plain", Metadata={"two-words": "a  b"})
    equal(s3.get_object(Bucket=bucket, Key=KEY)["Body"].read(), b"x")
    in_parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "large", Config=in_parts, ExtraArgs={"ChecksumAlgorithm": "SHA256"})
    back = io.BytesIO()
    s3.download_fileobj(bucket, "large", back, Config=in_parts)
    equal(back.getvalue() == body, True, "the same bytes")
    s3.put_object(Bucket=bucket, Key="file", Body=io.BytesIO(b"a file"))
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": KEY})
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    equal([item["Key"] for page in pages for item in page["Contents"]], sorted([KEY, "copy", "file", "large"]))
    equal(s3.list_objects_v2(Bucket=bucket, Prefix="a b+c%20d/ü&")["KeyCount"], 1)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "copy"}, {"Key": "file"}]})


@check("S3: a body whose hash is not signed is answered too")
def _():
    unsigned_body = Config(signature_version="s3v4", s3={"payload_signing_enabled": False})
    client("s3", unsigned_body).put_object(Bucket=bucket, Key="unsigned", Body=b"x")
    equal(s3.get_object(Bucket=bucket, Key="unsigned")["Body"].read(), b"x")


@check("S3: a wrong secret, an unknown key and no signature are refused as Amazon refuses them")
def _():
    for options, config, code in (
        (WRONG_SECRET, V4, "SignatureDoesNotMatch"),
        (NOBODY, V4, "InvalidAccessKeyId"),
        ({}, Config(signature_version=UNSIGNED), "AccessDenied"),
    ):
        other = client("s3", config, **options)
        is_refused(refusal(other.list_buckets), code, 403)
        is_refused(refusal(other.put_object, Bucket=bucket, Key="refused", Body=b"x" * MIB), code, 403)
        is_refused(refusal(other.head_object, Bucket=bucket, Key=KEY), "403", 403)
    is_refused(refusal(s3.head_object, Bucket=bucket, Key="refused"), "404", 404)


@check("S3: a request for another region is refused with the right one")
def _():
    elsewhere = client("s3", Config(signature_version="s3v4", region_name="eu-west-1"))
    refused = refusal(elsewhere.list_objects_v2, Bucket=bucket)
    is_refused(refused, "AuthorizationHeaderMalformed", 400)
    equal("expecting 'us-east-1'" in refused.message, True, refused.message)


@check("presigned URLs: GET and PUT are answered for whoever has them")
def _():
    url = presigned("put_object", ContentType="text/csv")
    equal(fetch(url, "PUT", b"1,2\n", **{"Content-Type": "text/csv"}), (200, ""))
    equal(fetch(presigned("get_object")), (200, "1,2\n"))
    equal(fetch(presigned("get_object", ResponseContentType="a/b")), (200, "1,2\n"))


@check("presigned URLs: with the bucket in the host")
def _():
    virtual = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    in_host = client("s3", virtual, endpoint_url=ENDPOINT.replace("127.0.0.1", "localhost"))
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"here")
    url = presigned("get_object", signer=in_host)
    equal(url.startswith(f"http://{bucket}.localhost:"), True, url)
    equal(fetch(url), (200, "here"))
    equal(in_host.get_object(Bucket=bucket, Key=KEY)["Body"].read(), b"here")


@check("presigned URLs: one that was changed, that is over, or that somebody else signed is refused")
def _():
    url = presigned("get_object")
    status, text = fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))
    equal([status, "<Code>SignatureDoesNotMatch</Code>" in text], [403, True], text)
    status, text = fetch(url.replace("/a%20b", "/a%20c"))
    equal([status, "<Code>SignatureDoesNotMatch</Code>" in text], [403, True], text)
    status, text = fetch(url, "DELETE")
    equal([status, "<Code>SignatureDoesNotMatch</Code>" in text], [403, True], text)
    status, text = fetch(presigned("put_object", ContentType="text/csv"), "PUT", b"x", **{"Content-Type": "text/x"})
    equal([status, "<Code>SignatureDoesNotMatch</Code>" in text], [403, True], text)
    status, text = fetch(presigned("get_object", signer=client("s3", V4, **NOBODY)))
    equal([status, "<Code>InvalidAccessKeyId</Code>" in text], [403, True], text)
    short = presigned("get_object", expires=1)
    time.sleep(2.1)
    status, text = fetch(short)
    equal([status, "Request has expired" in text], [403, True], text)


@check("presigned URLs of boto3's defaults, signed with version 2, are refused with what to do")
def _():
    status, text = fetch(presigned("get_object", signer=client("s3")))
    equal([status, "Please use AWS4-HMAC-SHA256." in text], [400, True], text)


@check("SageMaker, logs and STS: signed requests are answered; a wrong secret and an unknown key are refused")
def _():
    equal(client("sagemaker").list_models()["Models"], [])
    equal(client("logs").describe_log_groups()["logGroups"][0]["logGroupName"], "/aws/sagemaker/TransformJobs")
    equal(client("sts").get_caller_identity()["Arn"], f"arn:aws:iam::000000000000:user/{ID}")
    # The codes of the JSON protocol, and those of the query protocol.
    json = ["InvalidSignatureException", "UnrecognizedClientException", "MissingAuthenticationTokenException"]
    query = ["SignatureDoesNotMatch", "InvalidClientTokenId", "MissingAuthenticationToken"]
    for service, operation, codes in (
        ("sagemaker", "list_models", json),
        ("logs", "describe_log_groups", json),
        ("sts", "get_caller_identity", query),
    ):
        others = (
            client(service, **WRONG_SECRET),
            client(service, **NOBODY),
            client(service, Config(signature_version=UNSIGNED)),
        )
        refused = [refusal(getattr(other, operation)) for other in others]
        equal([each.code for each in refused], codes, f"{service}: {refused}")


run()
