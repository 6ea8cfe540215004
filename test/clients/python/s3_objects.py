"""Objects one by one: lists, conditions, ranges, deletion, names, and what is refused."""

import datetime
import io

from botocore.exceptions import ParamValidationError
from checks import Skip, check, client, equal, is_refused, new_bucket, refusal, run

s3 = client("s3")
bucket = new_bucket(s3)
BODY = bytes(range(256)) * 40


def put(key, body=b"", **members):
    return s3.put_object(Bucket=bucket, Key=key, Body=body, **members)


@check("list_objects_v2 in pages with a delimiter: every key and every folder once, in order")
def _():
    own = new_bucket(s3)
    keys = sorted([f"d{n}/{m}" for n in range(3) for m in range(4)] + ["a", "b", "e", "z"])
    for key in keys:
        s3.put_object(Bucket=own, Key=key)
    paginator = s3.get_paginator("list_objects_v2")
    for size in (1, 2, 3, 1000):
        pages = list(paginator.paginate(Bucket=own, Delimiter="/", PaginationConfig={"PageSize": size}))
        equal(max(page["KeyCount"] for page in pages) <= size, True, f"pages of {size}")
        equal([item["Key"] for page in pages for item in page.get("Contents", [])], ["a", "b", "e", "z"])
        folders = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        equal(folders, ["d0/", "d1/", "d2/"], f"folders in pages of {size}")
        every = paginator.paginate(Bucket=own, PaginationConfig={"PageSize": size})
        equal([item["Key"] for page in every for item in page["Contents"]], keys, f"keys in pages of {size}")
    within = paginator.paginate(Bucket=own, Prefix="d1/", StartAfter="d1/1")
    equal(list(within.search("Contents[].Key")), ["d1/2", "d1/3"])
    first = s3.get_paginator("list_objects").paginate(Bucket=own, Delimiter="/", PaginationConfig={"PageSize": 2})
    equal([item["Key"] for page in first for item in page.get("Contents", [])], ["a", "b", "e", "z"], "version 1")


@check("what a list tells of an object: its size, ETag, time, class and, when asked for, its owner")
def _():
    own = new_bucket(s3)
    s3.put_object(Bucket=own, Key="k", Body=b"hello")
    (item,) = s3.list_objects_v2(Bucket=own, FetchOwner=True)["Contents"]
    equal([item["Size"], item["ETag"], item["StorageClass"]], [5, '"5d41402abc4b2a76b9719d911017c592"', "STANDARD"])
    equal("ID" in item["Owner"], True, item)
    age = datetime.datetime.now(datetime.timezone.utc) - item["LastModified"]
    equal(datetime.timedelta(seconds=-1) < age < datetime.timedelta(minutes=1), True, f"it is {age} old")
    head = s3.head_object(Bucket=own, Key="k")
    equal(head["LastModified"], item["LastModified"].replace(microsecond=0), "the same time in HeadObject")


@check("conditional get and head: 304 when it is known, 412 when it is another")
def _():
    put("conditional", b"x")
    head = s3.head_object(Bucket=bucket, Key="conditional")
    tag, modified = head["ETag"], head["LastModified"]
    earlier = modified - datetime.timedelta(hours=1)
    key = {"Bucket": bucket, "Key": "conditional"}
    is_refused(refusal(s3.get_object, **key, IfNoneMatch=tag), "304", 304)
    is_refused(refusal(s3.head_object, **key, IfNoneMatch=tag), "304", 304)
    is_refused(refusal(s3.get_object, **key, IfModifiedSince=modified), "304", 304)
    is_refused(refusal(s3.get_object, **key, IfMatch='"other"'), "PreconditionFailed", 412)
    is_refused(refusal(s3.head_object, **key, IfMatch='"other"'), "412", 412)
    is_refused(refusal(s3.get_object, **key, IfUnmodifiedSince=earlier), "PreconditionFailed", 412)
    equal(s3.get_object(**key, IfMatch=tag, IfModifiedSince=earlier)["Body"].read(), b"x")
    equal(s3.get_object(**key, IfNoneMatch='"other"')["Body"].read(), b"x")
    equal(s3.get_object(**key, IfMatch=tag, IfUnmodifiedSince=earlier)["Body"].read(), b"x", "If-Match comes first")


@check("conditional put: IfNoneMatch='*' for the first one, IfMatch for who has seen the last one")
def _():
    try:
        put("once", b"1", IfNoneMatch="*")
    except ParamValidationError as error:
        raise Skip("this boto3 has no IfNoneMatch of PutObject") from error
    is_refused(refusal(put, "once", b"2", IfNoneMatch="*"), "PreconditionFailed", 412)
    tag = s3.head_object(Bucket=bucket, Key="once")["ETag"]
    put("once", b"3", IfMatch=tag)
    is_refused(refusal(put, "once", b"4", IfMatch=tag), "PreconditionFailed", 412)
    equal(s3.get_object(Bucket=bucket, Key="once")["Body"].read(), b"3")


@check("get_object: ranges from the front, from the end, and beyond")
def _():
    put("ranges", BODY)
    size = len(BODY)
    for given, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=10200-", 10200, size),
        ("bytes=-3", size - 3, size),
        ("bytes=0-999999", 0, size),
        ("bytes=-999999", 0, size),
    ):
        answer = s3.get_object(Bucket=bucket, Key="ranges", Range=given)
        equal(answer["Body"].read(), BODY[start:end], given)
        equal(answer["ContentRange"], f"bytes {start}-{end - 1}/{size}", given)
        equal(answer["ResponseMetadata"]["HTTPStatusCode"], 206, given)
    is_refused(refusal(s3.get_object, Bucket=bucket, Key="ranges", Range=f"bytes={size}-"), "InvalidRange", 416)
    whole = s3.get_object(Bucket=bucket, Key="ranges", Range="bytes=9-5")
    equal([whole["ResponseMetadata"]["HTTPStatusCode"], whole["ContentLength"]], [200, size], "no range at all")


@check("get_object: the body as a stream, in chunks and in lines, and given up half-way")
def _():
    put("stream", b"one\ntwo\nthree" * 100_000)
    lines = list(s3.get_object(Bucket=bucket, Key="stream")["Body"].iter_lines())
    equal([len(lines), lines[0], lines[-1]], [200_001, b"one", b"three"])
    chunks = list(s3.get_object(Bucket=bucket, Key="stream")["Body"].iter_chunks(65536))
    equal(len(b"".join(chunks)), 1_300_000)
    body = s3.get_object(Bucket=bucket, Key="stream")["Body"]
    equal(body.read(4), b"one\n")
    body.close()
    equal(s3.get_object(Bucket=bucket, Key="stream", Range="bytes=4-6")["Body"].read(), b"two")


@check("get_object: headers of the answer that the request chooses")
def _():
    put("chosen", b"x")
    wanted = {
        "ResponseContentType": "text/plain; charset=utf-8",
        "ResponseContentDisposition": 'attachment; filename="a b.txt"',
        "ResponseContentLanguage": "de",
        "ResponseCacheControl": "no-cache",
        "ResponseContentEncoding": "identity",
    }
    answer = s3.get_object(Bucket=bucket, Key="chosen", **wanted)
    equal({name: answer[name[len("Response") :]] for name in wanted}, wanted)


@check("names of objects: whatever a key may be comes back as it was sent")
def _():
    own = new_bucket(s3)
    keys = [
        " leading and trailing ",
        "a b+c%20d&e=f?g#h;i:j,k@l$m!n",
        "ünï/日本語/😀",
        "quote\"'<>&amp;",
        "back\\slash^`{}|[]~",
        "double//slash",
        "/leading slash",
        "folder/",
        ".hidden",
        ".",
        "..",
        "a/./b",
        "a/../b",
        "x" * 1024,
        "new\nline\ttab",
        "CON",
        "CASE",
        "case",
    ]
    for key in keys:
        s3.put_object(Bucket=own, Key=key, Body=key.encode())
    for key in keys:
        equal(s3.get_object(Bucket=own, Key=key)["Body"].read().decode(), key, "what is under the key")
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=own)["Contents"]]
    equal(listed, sorted(keys, key=lambda key: key.encode()), "listed in the order of their bytes")
    by_pages = s3.get_paginator("list_objects_v2").paginate(Bucket=own, PaginationConfig={"PageSize": 1})
    equal([item["Key"] for page in by_pages for item in page["Contents"]], listed, "in pages of one")
    s3.copy_object(Bucket=own, Key="copied", CopySource={"Bucket": own, "Key": keys[1]})
    equal(s3.get_object(Bucket=own, Key="copied")["Body"].read().decode(), keys[1])
    answer = s3.delete_objects(Bucket=own, Delete={"Objects": [{"Key": key} for key in [*keys, "copied"]]})
    equal(sorted(item["Key"] for item in answer["Deleted"]), sorted([*keys, "copied"]))
    equal(s3.list_objects_v2(Bucket=own)["KeyCount"], 0)


@check("delete_objects: a thousand at once, quietly; more are refused")
def _():
    own = new_bucket(s3)
    for number in range(3):
        s3.put_object(Bucket=own, Key=f"{number:04}")
    keys = [{"Key": f"{number:04}"} for number in range(1000)]
    answer = s3.delete_objects(Bucket=own, Delete={"Objects": keys, "Quiet": True})
    equal(["Deleted" in answer, "Errors" in answer], [False, False])
    equal(s3.list_objects_v2(Bucket=own)["KeyCount"], 0)
    more = {"Objects": [*keys, {"Key": "one more"}]}
    is_refused(refusal(s3.delete_objects, Bucket=own, Delete=more), "MalformedXML", 400)


@check("copy_object: onto itself with new metadata only, and under conditions")
def _():
    tag = put("copied", b"x", Metadata={"k": "old"})["ETag"]
    source = {"Bucket": bucket, "Key": "copied"}
    is_refused(refusal(s3.copy_object, **source, CopySource=source), "InvalidRequest", 400)
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"k": "new"})
    equal(s3.head_object(**source)["Metadata"], {"k": "new"})
    target = {"Bucket": bucket, "Key": "target", "CopySource": source}
    is_refused(refusal(s3.copy_object, **target, CopySourceIfNoneMatch=tag), "PreconditionFailed", 412)
    is_refused(refusal(s3.copy_object, **target, CopySourceIfMatch='"other"'), "PreconditionFailed", 412)
    equal(s3.copy_object(**target, CopySourceIfMatch=tag)["CopyObjectResult"]["ETag"], tag)


@check("a stored body is sent as a file, as bytes and as text of another length than its characters")
def _():
    put("file", io.BytesIO(b"from a file"))
    equal(s3.get_object(Bucket=bucket, Key="file")["Body"].read(), b"from a file")
    put("text", "ünï 日本".encode())
    equal(s3.head_object(Bucket=bucket, Key="text")["ContentLength"], 12)


@check("errors are the classes and codes that programs catch")
def _():
    no_key = refusal(s3.get_object, Bucket=bucket, Key="none")
    is_refused(no_key, "NoSuchKey", 404, "The specified key does not exist.")
    equal(isinstance(no_key.error, s3.exceptions.NoSuchKey), True, repr(no_key.error))
    no_bucket = refusal(s3.list_objects_v2, Bucket="missing-bucket")
    equal(isinstance(no_bucket.error, s3.exceptions.NoSuchBucket), True, repr(no_bucket.error))
    for call, members in (
        (s3.list_objects_v2, {}),
        (s3.get_object, {"Key": "k"}),
        (s3.put_object, {"Key": "k", "Body": b"x"}),
        (s3.delete_object, {"Key": "k"}),
        (s3.create_multipart_upload, {"Key": "k"}),
    ):
        refused = refusal(call, Bucket="missing-bucket", **members)
        is_refused(refused, "NoSuchBucket", 404, "The specified bucket does not exist")
        equal(refused.error.response["Error"].get("BucketName"), "missing-bucket")
    is_refused(refusal(s3.head_object, Bucket=bucket, Key="none"), "404", 404, "Not Found")
    is_refused(refusal(s3.head_bucket, Bucket="missing-bucket"), "404", 404)
    put("here", b"x")
    is_refused(refusal(s3.delete_bucket, Bucket=bucket), "BucketNotEmpty", 409)
    is_refused(refusal(put, "k" * 1025), "KeyTooLongError", 400)
    request = refusal(s3.get_object, Bucket=bucket, Key="none").error.response["ResponseMetadata"]
    equal(bool(request["RequestId"]), True, request)


@check("create_bucket of a bucket that is there succeeds in us-east-1, on which scripts that run twice rely")
def _():
    # BucketAlreadyOwnedByYou, says its documentation, is for "all AWS Regions except in the North Virginia Region".
    put("kept", b"x")
    s3.create_bucket(Bucket=bucket)
    equal(s3.get_object(Bucket=bucket, Key="kept")["Body"].read(), b"x")


@check("head_bucket tells the region; the waiters for buckets and objects")
def _():
    head = s3.head_bucket(Bucket=bucket)
    equal(head["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"], "us-east-1")
    equal(s3.get_bucket_location(Bucket=bucket)["LocationConstraint"], None)
    s3.get_waiter("bucket_exists").wait(Bucket=bucket, WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    s3.get_waiter("object_not_exists").wait(Bucket=bucket, Key="none", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


@check("get_object_attributes: size, ETag and the parts of an object in parts")
def _():
    key = {"Bucket": bucket, "Key": "attributes"}
    upload = s3.create_multipart_upload(**key)["UploadId"]
    bodies = [b"x" * 5 * 2**20, b"y"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**key, UploadId=upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, 1)
    ]
    done = s3.complete_multipart_upload(**key, UploadId=upload, MultipartUpload={"Parts": parts})
    answer = s3.get_object_attributes(**key, ObjectAttributes=["ETag", "ObjectSize", "ObjectParts", "StorageClass"])
    equal([answer["ETag"], answer["ObjectSize"]], [done["ETag"].strip('"'), 5 * 2**20 + 1])
    equal(answer["ObjectParts"]["TotalPartsCount"], 2)


run()
