"""boto3's managed transfers: in parts, with threads, from and to files and streams; and multipart uploads by hand."""

import io
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.s3.transfer import TransferConfig
from checks import ENDPOINT, READS_ENDPOINT_URL, check, client, equal, is_refused, new_bucket, refusal, run

MIB = 2**20
IN_PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
# Not a multiple of the part size, and no two parts alike.
LARGE = os.urandom(21 * MIB + 17)

s3 = client("s3")
bucket = new_bucket(s3)


class Pipe(io.RawIOBase):
    """A stream that nobody can seek in, and that gives less than it is asked for."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def readable(self):
        return True

    def read(self, size=-1):
        return self._content.read(min(size, 700_001) if size >= 0 else -1)


@check("upload_file and download_file: a large file in parts by four threads")
def _():
    sent, seen = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "large")
        with open(path, "wb") as file:
            file.write(LARGE)
        s3.upload_file(path, bucket, "large", Config=IN_PARTS, Callback=sent.append)
        s3.download_file(bucket, "large", path + ".back", Config=IN_PARTS, Callback=seen.append)
        with open(path + ".back", "rb") as file:
            equal(file.read() == LARGE, True, "the same bytes")
    equal([sum(sent), sum(seen)], [len(LARGE)] * 2, "bytes that the callbacks were told of")
    head = s3.head_object(Bucket=bucket, Key="large", PartNumber=5)
    equal([head["PartsCount"], head["ContentLength"]], [5, MIB + 17], "the last part")
    equal(head["ETag"].endswith('-5"'), True, head["ETag"])


@check("upload_file: ExtraArgs come back with the object")
def _():
    extra = {
        "ContentType": "text/csv; header=present",
        "CacheControl": "no-store",
        "ContentDisposition": "inline",
        "ContentEncoding": "identity",
        "ContentLanguage": "de-DE",
        "Metadata": {"owner": "ann", "two-words": "a b"},
    }
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"a,b\n")
        file.flush()
        s3.upload_file(file.name, bucket, "extra", ExtraArgs=extra)
    head = s3.head_object(Bucket=bucket, Key="extra")
    equal({name: head[name] for name in extra}, extra, "members of HeadObject")


@check("upload_fileobj and download_fileobj: a stream that cannot be sought in, of unknown length")
def _():
    s3.upload_fileobj(Pipe(LARGE), bucket, "stream", Config=IN_PARTS)
    back = io.BytesIO()
    s3.download_fileobj(bucket, "stream", back, Config=IN_PARTS)
    equal(back.getvalue() == LARGE, True, "the same bytes")
    s3.upload_fileobj(Pipe(b""), bucket, "empty", Config=IN_PARTS)
    equal(s3.get_object(Bucket=bucket, Key="empty")["Body"].read(), b"")


@check("copy: a large object in parts, a small one at once, in a key with spaces and percent signs")
def _():
    s3.put_object(Bucket=bucket, Key="a b%20c+d/ü", Body=LARGE, Metadata={"k": "v"})
    source = {"Bucket": bucket, "Key": "a b%20c+d/ü"}
    s3.copy(source, bucket, "copy in parts", Config=IN_PARTS)
    copied = s3.get_object(Bucket=bucket, Key="copy in parts")
    equal(copied["Body"].read() == LARGE, True, "the same bytes")
    equal(copied["ETag"].endswith('-5"'), True, copied["ETag"])
    s3.copy(source, bucket, "copy at once", Config=TransferConfig(multipart_threshold=64 * MIB))
    once = s3.get_object(Bucket=bucket, Key="copy at once")
    equal([once["Body"].read() == LARGE, once["Metadata"]], [True, {"k": "v"}])


@check("eight threads put, get and delete a hundred objects with one client")
def _():
    own = new_bucket(s3)

    def whole_life(number):
        key, body = f"object-{number:03}", f"body {number}".encode()
        s3.put_object(Bucket=own, Key=key, Body=body)
        return s3.get_object(Bucket=own, Key=key)["Body"].read() == body

    with ThreadPoolExecutor(8) as pool:
        equal(list(pool.map(whole_life, range(100))), [True] * 100)
        equal(s3.list_objects_v2(Bucket=own)["KeyCount"], 100)
        list(pool.map(lambda number: s3.delete_object(Bucket=own, Key=f"object-{number:03}"), range(100)))
    equal(s3.list_objects_v2(Bucket=own)["KeyCount"], 0)
    s3.delete_bucket(Bucket=own)


@check("readers see the old object or the new one while it is replaced, never anything else")
def _():
    old, new = b"o" * 300_000, b"n" * 200_000
    s3.put_object(Bucket=bucket, Key="replaced", Body=old)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            s3.put_object(Bucket=bucket, Key="replaced", Body=new)
            s3.put_object(Bucket=bucket, Key="replaced", Body=old)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(60):
            answer = s3.get_object(Bucket=bucket, Key="replaced")
            body = answer["Body"].read()
            equal(body in (old, new), True, f"{len(body)} bytes, of {set(body)}, ETag {answer['ETag']}")
    finally:
        stop.set()
        writer.join()


@check("a multipart upload by hand: parts in any order, sent twice, listed in pages")
def _():
    key = "by hand"
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType="text/plain")["UploadId"]
    of = {"Bucket": bucket, "Key": key, "UploadId": upload}
    bodies = {7: b"7" * 5 * MIB, 2: b"2" * 5 * MIB, 9: b"nine"}
    s3.upload_part(**of, PartNumber=2, Body=b"this one is replaced")
    tags = {number: s3.upload_part(**of, PartNumber=number, Body=body)["ETag"] for number, body in bodies.items()}
    pages = list(s3.get_paginator("list_parts").paginate(**of, PaginationConfig={"PageSize": 2}))
    equal([[part["PartNumber"] for part in page["Parts"]] for page in pages], [[2, 7], [9]], "pages of parts")
    parts = [{"PartNumber": number, "ETag": tags[number]} for number in sorted(bodies)]
    backwards = refusal(s3.complete_multipart_upload, **of, MultipartUpload={"Parts": parts[::-1]})
    is_refused(backwards, "InvalidPartOrder", 400)
    other = [{**parts[0], "ETag": '"0123456789abcdef0123456789abcdef"'}, *parts[1:]]
    is_refused(refusal(s3.complete_multipart_upload, **of, MultipartUpload={"Parts": other}), "InvalidPart", 400)
    done = s3.complete_multipart_upload(**of, MultipartUpload={"Parts": parts})
    equal([done["Bucket"], done["Key"]], [bucket, key])
    whole = s3.get_object(Bucket=bucket, Key=key)
    equal(whole["Body"].read() == bodies[2] + bodies[7] + bodies[9], True, "the parts in the order of their numbers")
    equal(whole["ContentType"], "text/plain")
    is_refused(refusal(s3.list_parts, **of), "NoSuchUpload", 404)


@check("a multipart upload whose parts are too small is refused, and goes when it is aborted")
def _():
    upload = s3.create_multipart_upload(Bucket=bucket, Key="small parts")["UploadId"]
    of = {"Bucket": bucket, "Key": "small parts", "UploadId": upload}
    parts = [{"PartNumber": n, "ETag": s3.upload_part(**of, PartNumber=n, Body=b"x")["ETag"]} for n in (1, 2)]
    is_refused(refusal(s3.complete_multipart_upload, **of, MultipartUpload={"Parts": parts}), "EntityTooSmall", 400)
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
    equal([found["UploadId"] for page in pages for found in page.get("Uploads", [])], [upload])
    s3.abort_multipart_upload(**of)
    equal("Uploads" in s3.list_multipart_uploads(Bucket=bucket), False, "uploads are left")
    is_refused(refusal(s3.head_object, Bucket=bucket, Key="small parts"), "404", 404)


@check("the resource interface: buckets, objects and their collections")
def _():
    resource = boto3.resource("s3", endpoint_url=None if READS_ENDPOINT_URL else ENDPOINT)
    own = resource.Bucket(new_bucket(s3))
    for name in ("a/1", "a/2", "b"):
        own.put_object(Key=name, Body=name.encode())
    equal([(item.key, item.size) for item in own.objects.filter(Prefix="a/")], [("a/1", 3), ("a/2", 3)])
    equal(own.Object("b").get()["Body"].read(), b"b")
    equal(own.Object("b").e_tag, '"92eb5ffee6ae2fec3ad71c777531578f"')
    equal(own.name in [each.name for each in resource.buckets.all()], True)
    own.objects.all().delete()
    own.delete()
    own.wait_until_not_exists()


run()
