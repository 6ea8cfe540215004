"""Where buckets are: in the path or in the host; in presigned addresses; and requests that nobody signed."""

import urllib.request
from urllib.parse import urlsplit

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
    path_style,
    refusal,
    resolve_localhost_names,
    run,
)

PORT = urlsplit(ENDPOINT).port
KEY = "a b+c%20d/ü&?#"

resolve_localhost_names()
hosts = []


def seen_hosts(s3):
    """Has a client tell the host of every request that it sends."""
    s3.meta.events.register("before-send.s3", lambda request, **_: hosts.append(urlsplit(request.url).netloc))
    return s3


def life_of_an_object(s3, bucket):
    """Every kind of address: of the service, of a bucket, of an object, with a query and a body."""
    s3.create_bucket(Bucket=bucket)
    equal(bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]], True, "the bucket is listed")
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"here")
    equal(s3.get_object(Bucket=bucket, Key=KEY)["Body"].read(), b"here")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    of = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    part = {"PartNumber": 1, "ETag": s3.upload_part(**of, PartNumber=1, Body=b"x")["ETag"]}
    done = s3.complete_multipart_upload(**of, MultipartUpload={"Parts": [part]})
    equal(done["Location"].startswith("http"), True, done["Location"])
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": KEY})
    equal([item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]], sorted([KEY, "copy", "parts"]))
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": KEY}, {"Key": "copy"}, {"Key": "parts"}]})
    s3.delete_bucket(Bucket=bucket)
    is_refused(refusal(s3.list_objects_v2, Bucket=bucket), "NoSuchBucket", 404)


@check("path style: http://127.0.0.1/bucket/key and http://localhost/bucket/key")
def _():
    for host in ("127.0.0.1", "localhost"):
        hosts.clear()
        s3 = client("s3", path_style(), endpoint_url=f"http://{host}:{PORT}")
        life_of_an_object(seen_hosts(s3), "in-the-path")
        equal(set(hosts), {f"{host}:{PORT}"})


@check("virtual host style: http://bucket.localhost/key")
def _():
    hosts.clear()
    virtual = Config(s3={"addressing_style": "virtual"})
    s3 = client("s3", virtual, endpoint_url=f"http://localhost:{PORT}")
    life_of_an_object(seen_hosts(s3), "in-the-host")
    equal(set(hosts), {f"in-the-host.localhost:{PORT}", f"localhost:{PORT}"})


@check("virtual host style: names of buckets with dots")
def _():
    virtual = Config(s3={"addressing_style": "virtual"})
    s3 = client("s3", virtual, endpoint_url=f"http://localhost:{PORT}")
    life_of_an_object(s3, "with.dots.in-it")


@check("boto3's own choice of a style")
def _():
    for host in ("127.0.0.1", "localhost"):
        life_of_an_object(client("s3", endpoint_url=f"http://{host}:{PORT}"), "by-default")


@check("presigned URLs: GET, HEAD, PUT with a content type and metadata, DELETE; in both styles")
def _():
    for style, host in (("path", "127.0.0.1"), ("virtual", "localhost")):
        config = Config(signature_version="s3v4", s3={"addressing_style": style})
        s3 = client("s3", config, endpoint_url=f"http://{host}:{PORT}")
        bucket = new_bucket(s3)
        target = {"Bucket": bucket, "Key": KEY}

        def url(operation, **members):
            return s3.generate_presigned_url(operation, Params={**target, **members}, ExpiresIn=60)

        put = url("put_object", ContentType="text/csv", Metadata={"k": "v"})
        sent = fetch(put, "PUT", b"1,2\n", **{"Content-Type": "text/csv", "x-amz-meta-k": "v"})
        equal(sent, (200, ""), f"PUT, {style}")
        equal(fetch(url("get_object")), (200, "1,2\n"), f"GET, {style}")
        equal(fetch(url("head_object"), "HEAD"), (200, ""), f"HEAD, {style}")
        head = s3.head_object(**target)
        equal([head["ContentType"], head["Metadata"]], ["text/csv", {"k": "v"}], style)
        with urllib.request.urlopen(url("get_object", ResponseContentType="text/x")) as response:
            equal(response.headers["Content-Type"], "text/x", style)
        equal(fetch(url("delete_object"), "DELETE"), (204, ""), f"DELETE, {style}")
        equal(fetch(url("get_object"))[0], 404, style)


@check("presigned URLs of boto3's defaults, signed with version 2, are answered where nothing is verified")
def _():
    s3 = client("s3")
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": KEY})
    equal(fetch(url), (200, "x"), url)


@check("unsigned requests are answered where nothing is verified")
def _():
    s3 = client("s3", Config(signature_version=UNSIGNED))
    life_of_an_object(s3, "of-nobody")


@check("GetCallerIdentity: the account, and who says to have signed the request")
def _():
    identity = client("sts").get_caller_identity()
    equal([identity["Account"], identity["UserId"]], ["000000000000", "any"])
    equal(identity["Arn"], "arn:aws:iam::000000000000:user/any")
    refused = refusal(client("sts").get_session_token)
    is_refused(refused, "InvalidAction", 400)


run()
