"""Checksums: computed by the client, checked by the service, kept, and checked by the client again."""

import base64
import hashlib
import io
import os
import struct
import zlib

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ParamValidationError
from botocore.httpchecksum import StreamingChecksumBody
from checks import Skip, check, client, equal, is_refused, new_bucket, refusal, run

try:
    from awscrt import checksums as crt
except ImportError:
    crt = None

MIB = 2**20
IN_PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
BODY = os.urandom(300_000)

s3 = client("s3")
bucket = new_bucket(s3)


def base64_of(digest):
    return base64.b64encode(digest).decode()


def digest_of(algorithm, body):
    """What others compute; nothing of it comes from botocore."""
    if algorithm == "CRC32":
        return struct.pack(">I", zlib.crc32(body))
    if algorithm == "CRC32C":
        return struct.pack(">I", crt.crc32c(body))
    if algorithm == "CRC64NVME":
        return struct.pack(">Q", crt.crc64nvme(body))
    return hashlib.new(algorithm.lower(), body).digest()


def needs(algorithm):
    if algorithm == "CRC32C" and crt is None:
        raise Skip("CRC32C needs awscrt, which this Python does not have")
    if algorithm == "CRC64NVME" and not hasattr(crt, "crc64nvme"):
        raise Skip("CRC64NVME needs a newer awscrt than this Python has, if any")
    known = s3.meta.service_model.shape_for("ChecksumAlgorithm").enum
    if algorithm not in known:
        raise Skip(f"this boto3 has no {algorithm}")


def round_trip(algorithm):
    needs(algorithm)
    key = {"Bucket": bucket, "Key": f"of {algorithm}"}
    member = f"Checksum{algorithm}"
    expected = base64_of(digest_of(algorithm, BODY))
    equal(s3.put_object(**key, Body=io.BytesIO(BODY), ChecksumAlgorithm=algorithm)[member], expected, "of PutObject")
    equal(s3.head_object(**key, ChecksumMode="ENABLED")[member], expected, "of HeadObject")
    answer = s3.get_object(**key, ChecksumMode="ENABLED")
    equal(answer[member], expected, "of GetObject")
    equal(isinstance(answer["Body"], StreamingChecksumBody), True, "the client verifies what it reads")
    equal(answer["Body"].read() == BODY, True, "the same bytes")
    equal(member in s3.get_object(**key, Range="bytes=0-9", ChecksumMode="ENABLED"), False, "of a range")
    equal(s3.get_object_attributes(**key, ObjectAttributes=["Checksum"])["Checksum"][member], expected)
    copied = s3.copy_object(Bucket=bucket, Key=f"copy of {algorithm}", CopySource=key)
    equal(copied["CopyObjectResult"].get(member), expected, "of CopyObject")


for name in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):

    @check(f"{name}: sent, kept, told, and verified on read")
    def _(algorithm=name):
        round_trip(algorithm)


@check("a checksum that is not that of the body is refused, and nothing is stored")
def _():
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        wrong = {f"Checksum{algorithm}": base64_of(digest_of(algorithm, b"another body"))}
        refused = refusal(s3.put_object, Bucket=bucket, Key="wrong", Body=BODY, **wrong)
        message = f"The {algorithm} you specified did not match the calculated checksum."
        is_refused(refused, "BadDigest", 400, message)
    md5 = base64_of(hashlib.md5(b"another body").digest())
    is_refused(refusal(s3.put_object, Bucket=bucket, Key="wrong", Body=BODY, ContentMD5=md5), "BadDigest", 400)
    is_refused(refusal(s3.put_object, Bucket=bucket, Key="wrong", Body=BODY, ContentMD5="x"), "InvalidDigest", 400)
    is_refused(refusal(s3.head_object, Bucket=bucket, Key="wrong"), "404", 404)


LARGE = os.urandom(11 * MIB)
PARTS = [LARGE[start : start + 5 * MIB] for start in range(0, len(LARGE), 5 * MIB)]


def upload_in_parts(algorithm):
    key = {"Bucket": bucket, "Key": f"parts of {algorithm}"}
    extra = {"ChecksumAlgorithm": algorithm}
    s3.upload_fileobj(io.BytesIO(LARGE), **key, ExtraArgs=extra, Config=IN_PARTS)
    return key, [digest_of(algorithm, part) for part in PARTS]


@check("in parts: the checksum of the whole is that of its parts' checksums, and how many they are")
def _():
    for algorithm in ("SHA256", "CRC32"):
        key, parts = upload_in_parts(algorithm)
        whole = base64_of(digest_of(algorithm, b"".join(parts)))
        head = s3.head_object(**key, ChecksumMode="ENABLED")
        equal(head[f"Checksum{algorithm}"], f"{whole}-3", f"{algorithm} of the parts' {algorithm}s")
        # The client leaves a checksum of checksums alone, and reads.
        equal(s3.get_object(**key, ChecksumMode="ENABLED")["Body"].read() == LARGE, True, "the same bytes")
        second = s3.get_object(**key, PartNumber=2, ChecksumMode="ENABLED")
        equal(second["Body"].read() == PARTS[1], True, "the second part")


@check("in parts: GetObjectAttributes tells the checksum of every part")
def _():
    key, parts = upload_in_parts("SHA256")
    answer = s3.get_object_attributes(**key, ObjectAttributes=["Checksum", "ObjectParts"])
    equal(answer["ObjectParts"]["TotalPartsCount"], 3)
    told = [(part["Size"], part.get("ChecksumSHA256")) for part in answer["ObjectParts"]["Parts"]]
    equal(told, [(len(part), base64_of(digest)) for part, digest in zip(PARTS, parts)])


@check("in parts: a part whose checksum is wrong is refused")
def _():
    key = {"Bucket": bucket, "Key": "wrong part"}
    upload = s3.create_multipart_upload(**key, ChecksumAlgorithm="SHA256")["UploadId"]
    wrong = base64_of(hashlib.sha256(b"another body").digest())
    refused = refusal(s3.upload_part, **key, UploadId=upload, PartNumber=1, Body=BODY, ChecksumSHA256=wrong)
    is_refused(refused, "BadDigest", 400)
    s3.abort_multipart_upload(**key, UploadId=upload)


@check("in parts: a checksum of the whole, put together from those of the parts")
def _():
    key = {"Bucket": bucket, "Key": "whole"}
    try:
        upload = s3.create_multipart_upload(**key, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
    except ParamValidationError as error:
        raise Skip("this boto3 has no ChecksumType") from error
    bodies = [b"a" * 5 * MIB, b"b" * 100]
    parts = []
    for number, body in enumerate(bodies, 1):
        sent = s3.upload_part(**key, UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32")
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]})
    whole = base64_of(digest_of("CRC32", b"".join(bodies)))
    done = s3.complete_multipart_upload(
        **key, UploadId=upload, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT", ChecksumCRC32=whole
    )
    equal([done["ChecksumCRC32"], done["ChecksumType"]], [whole, "FULL_OBJECT"])
    answer = s3.get_object(**key, ChecksumMode="ENABLED")
    equal(isinstance(answer["Body"], StreamingChecksumBody), True, "the client verifies what it reads")
    equal(answer["Body"].read() == b"".join(bodies), True, "the same bytes")


run()
