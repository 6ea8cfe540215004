#!/usr/bin/env python3
"""Batch transform with boto3, as it is written for Amazon SageMaker: what are these diamonds worth?

    millrace serve &
    export AWS_ENDPOINT_URL=http://127.0.0.1:9400 AWS_DEFAULT_REGION=us-east-1
    export AWS_ACCESS_KEY_ID=millrace AWS_SECRET_ACCESS_KEY=millrace
    python3 examples/service/batch_transform.py

Needs boto3: pip install boto3, or apt-get install python3-boto3. All that is millrace's here is the environment, and
the image "onnx", the model server that comes along.
"""

import os
import time
from pathlib import Path

import boto3

DIAMONDS = Path(__file__).resolve().parent.parent / "diamonds"
BUCKET = os.environ.get("BUCKET", "diamonds")
NAME = time.strftime("diamonds-%Y%m%d-%H%M%S")
# Any role does: millrace keeps it and shows it again. Older versions of boto3 want one.
ROLE = "arn:aws:iam::000000000000:role/batch-transform"

# Versions of boto3 before 1.28 do not look for AWS_ENDPOINT_URL themselves.
endpoint = os.environ.get("AWS_ENDPOINT_URL")
s3 = boto3.client("s3", endpoint_url=endpoint)
sagemaker = boto3.client("sagemaker", endpoint_url=endpoint)

# 1. The data set and the model, in a bucket.
if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
    s3.create_bucket(Bucket=BUCKET)
files = sorted((DIAMONDS / "data").glob("*.csv"))
for file in files:
    s3.upload_file(str(file), BUCKET, f"input/{file.name}")
s3.upload_file(str(DIAMONDS / "model.onnx"), BUCKET, "models/diamonds.onnx")
print(f"Uploaded {len(files)} files to s3://{BUCKET}/input/")

# 2. A model: an image, and what the image is to load.
sagemaker.create_model(
    ModelName=NAME,
    PrimaryContainer={"Image": "onnx", "ModelDataUrl": f"s3://{BUCKET}/models/diamonds.onnx"},
    ExecutionRoleArn=ROLE,
)

# 3. A transform job: one price for each line of each file, joined to the line.
sagemaker.create_transform_job(
    TransformJobName=NAME,
    ModelName=NAME,
    BatchStrategy="MultiRecord",
    MaxPayloadInMB=1,
    TransformInput={
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/input/"}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    },
    TransformOutput={"S3OutputPath": f"s3://{BUCKET}/output/{NAME}/", "Accept": "text/csv", "AssembleWith": "Line"},
    TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    DataProcessing={"JoinSource": "Input"},
)

# 4. Wait until it has ended; a job that failed is an error.
waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
waiter.wait(TransformJobName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 3600})
job = sagemaker.describe_transform_job(TransformJobName=NAME)
seconds = (job["TransformEndTime"] - job["TransformStartTime"]).total_seconds()
print(f"{job['TransformJobStatus']} in {seconds:.1f} s: {job['TransformJobArn']}")

# 5. The results: one object for each file, in the order of its lines.
for file in files:
    result = s3.get_object(Bucket=BUCKET, Key=f"output/{NAME}/{file.name}.out")["Body"].read().decode()
    lines = result.splitlines()
    print(f"\n{file.name}.out, {len(lines)} lines:")
    for line in lines[:2]:
        *diamond, price = line.split(",")
        print(f"  {','.join(diamond):50} ${float(price):,.0f}")
