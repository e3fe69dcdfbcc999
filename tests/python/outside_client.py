"""What a client beside a running cloud sees, as JSON: outside_client.py ENDPOINT_FILE TENANT SESSION."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

LATEST = "crm/dashboard_interaction/latest/"
MIB = 1024 * 1024
NOBODY = {"accessKeyId": "AKIANOBODY", "secretAccessKey": "wrong"}


class Cloud:
    def __init__(self, endpoint: dict[str, Any], tenant: str, session: str) -> None:
        self.endpoint = endpoint
        self.outputs = endpoint["tenants"][tenant]
        self.producer = self.outputs["producer"]
        self.stream = self.outputs["streamName"]
        self.bucket = self.outputs["buckets"]["upstream"]
        self.other_stream = next(other["streamName"] for name, other in endpoint["tenants"].items() if name != tenant)
        self.session = session

    def client(self, service: str, key: dict[str, str]) -> Any:
        """With nothing but address, region and key: all else is the SDK's default."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint["endpoint"],
            region_name=self.endpoint["region"],
            aws_access_key_id=key["accessKeyId"],
            aws_secret_access_key=key["secretAccessKey"],
        )

    def record(self, item: str) -> bytes:
        event = {"eventType": "watch", "itemId": item, "sentAt": int(time.time())}
        return json.dumps({"user_id": "py", "session_id": self.session, "event_list": [event]}).encode()


def produce(cloud: Cloud) -> dict[str, Any]:
    kinesis = cloud.client("kinesis", cloud.producer)
    one = kinesis.put_record(StreamName=cloud.stream, PartitionKey=cloud.session, Data=cloud.record("one"))
    records = [{"PartitionKey": cloud.session, "Data": cloud.record(item)} for item in ("two", "three")]
    more = kinesis.put_records(StreamARN=cloud.outputs["streamArn"], Records=records)
    return {"shards": [one["ShardId"], *(record["ShardId"] for record in more["Records"])], "failed": more["FailedRecordCount"]}


def inspect(cloud: Cloud) -> dict[str, Any]:
    kinesis = cloud.client("kinesis", cloud.endpoint)
    summary = kinesis.describe_stream_summary(StreamName=cloud.stream)["StreamDescriptionSummary"]
    return {
        "callers": [cloud.client("sts", key).get_caller_identity()["Arn"] for key in (cloud.endpoint, cloud.producer)],
        "shards": [shard["ShardId"] for shard in kinesis.list_shards(StreamName=cloud.stream)["Shards"]],
        "summary": [summary["StreamName"], summary["StreamARN"], summary["StreamStatus"], summary["OpenShardCount"]],
    }


def raw_events(cloud: Cloud) -> Iterator[str]:
    s3 = cloud.client("s3", cloud.endpoint)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=cloud.bucket, Prefix=LATEST, PaginationConfig={"PageSize": 1}):
        for listed in page.get("Contents", []):
            head = s3.head_object(Bucket=cloud.bucket, Key=listed["Key"])
            content = s3.get_object(Bucket=cloud.bucket, Key=listed["Key"])["Body"].read()
            assert head["ContentLength"] == listed["Size"] == len(content) and head["ETag"] == listed["ETag"]
            yield from content.decode(errors="replace").splitlines()


def delivered(cloud: Cloud, count: int) -> list[str]:
    until = time.monotonic() + 60
    while True:
        items = [json.loads(line)["event_list"][0]["itemId"] for line in raw_events(cloud) if cloud.session in line]
        if len(items) >= count or time.monotonic() > until:
            return items
        time.sleep(0.1)


def objects(cloud: Cloud) -> dict[str, Any]:
    """Writes as S3 clients do by default: a checksum in the trailer, in parts above a size."""
    s3 = cloud.client("s3", cloud.endpoint)
    place = {"Bucket": cloud.bucket, "Key": "from python/ü.txt"}
    put = s3.put_object(**place, Body=b"hello", Metadata={"made-by": "boto3"})
    got = s3.get_object(**place)
    large = {"Bucket": cloud.bucket, "Key": "from python/large"}
    s3.upload_fileobj(BytesIO(b"x" * 6 * MIB), **large, Config=TransferConfig(multipart_threshold=MIB, multipart_chunksize=5 * MIB))
    size = s3.head_object(**large)["ContentLength"]
    s3.delete_objects(Bucket=cloud.bucket, Delete={"Objects": [{"Key": place["Key"]}, {"Key": large["Key"]}]})
    left = s3.list_objects_v2(Bucket=cloud.bucket, Prefix="from python/")["KeyCount"]
    return {"crc": put["ChecksumCRC32"], "text": got["Body"].read().decode(), "meta": got["Metadata"], "large": size, "left": left}


def put_events(cloud: Cloud, key: dict[str, str]) -> int:
    event = {"eventType": "click", "itemId": "four", "sentAt": time.time()}
    tracker = {"trackingId": cloud.outputs["trackingId"], "userId": "py", "sessionId": cloud.session}
    answer = cloud.client("personalize-events", key).put_events(**tracker, eventList=[event])
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def refusals(cloud: Cloud, key: dict[str, str]) -> dict[str, Any]:
    kinesis, s3, functions = (cloud.client(service, key) for service in ("kinesis", "s3", "lambda"))
    place = {"Bucket": cloud.bucket, "Key": LATEST}
    function = cloud.outputs["functionName"]
    return {
        "list_shards": refusal(lambda: kinesis.list_shards(StreamName=cloud.stream)),
        "put_record": refusal(lambda: kinesis.put_record(StreamName=cloud.other_stream, PartitionKey="k", Data=b"{}")),
        "put_events": refusal(lambda: put_events(cloud, key)),
        "invoke": refusal(lambda: functions.invoke(FunctionName=function, Payload=b"{}")),
        "list_objects_v2": refusal(lambda: s3.list_objects_v2(Bucket=cloud.bucket)),
        "get_object": refusal(lambda: s3.get_object(**place)),
        "put_object": refusal(lambda: s3.put_object(**place, Body=b"x" * MIB)),
        "head_object": refusal(lambda: s3.head_object(**place)),
    }


def refusal(call: Callable[[], Any]) -> list[Any]:
    try:
        call()
    except ClientError as error:
        answer, metadata = error.response["Error"], error.response["ResponseMetadata"]
        assert metadata["RequestId"] and answer["Message"] and metadata["RetryAttempts"] == 0
        return [metadata["HTTPStatusCode"], answer["Code"]]
    return ["went through"]


def main(endpoint_file: str, tenant: str, session: str) -> None:
    with open(endpoint_file) as file:
        cloud = Cloud(json.load(file), tenant, session)
    produced = produce(cloud)
    seen = {
        "produced": produced,
        "inspected": inspect(cloud),
        "objects": objects(cloud),
        "putEvents": put_events(cloud, cloud.endpoint),
        "unknownKey": refusals(cloud, NOBODY),
        "producer": refusals(cloud, cloud.producer),
        "delivered": delivered(cloud, count=len(produced["shards"])),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
