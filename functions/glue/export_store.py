"""Reads of S3."""

from __future__ import annotations

from datetime import timezone
from typing import Any, Iterator, NamedTuple

from export_errors import ExportError, named
from export_manifest import Current, from_metadata

MIB = 1024 * 1024
ATTEMPTS = 5


class Part(NamedTuple):
    """An object, and its ETag if that is known."""

    bucket: str
    key: str
    etag: str | None = None

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def part_at(uri: str) -> Part:
    bucket, _, key = uri[len("s3://") :].partition("/")
    return Part(bucket, key)


def part_failure(part: Part, error: Exception) -> ExportError:
    """What S3's refusal means for a part. To a role without s3:ListBucket, S3 reports an absent key as that missing permission."""
    refusal = named(error)
    gone = refusal.name == "NoSuchKey" or (refusal.name == "AccessDenied" and "s3:ListBucket" in refusal.message)
    if not gone and refusal.name != "PreconditionFailed":
        return refusal
    how = "is not there" if gone else "changed"
    return ExportError("PartChanged", f'Part "{part.uri}" must stay as it was found, but it {how}')


class Store:
    """S3 by boto3. Its calls also take `Headers`, because the boto3 of Glue 5 is older than S3's conditional writes."""

    def __init__(self, client: Any) -> None:
        self.client, self.calls = client, []
        client.meta.events.register("before-parameter-build.s3", self._keep)
        client.meta.events.register("before-call.s3", self._send)

    def _keep(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["own_headers"] = params.pop("Headers", {})

    def _send(self, params: dict[str, Any], context: dict[str, Any], model: Any, **_: Any) -> None:
        params["headers"].update(context["own_headers"])
        self.calls.append(model.name)

    def read(self, part: Part) -> Iterator[bytes]:
        """The bytes of one version of a part. Resumes a read that breaks off."""
        at, size, etag, left = 0, None, part.etag, ATTEMPTS
        while at != size:
            conditions = {**({"IfMatch": etag} if etag else {}), **({"Range": f"bytes={at}-"} if at else {})}
            try:
                answer = self.client.get_object(Bucket=part.bucket, Key=part.key, **conditions)
            except Exception as error:
                raise part_failure(part, error) from None
            etag, size, left = answer["ETag"], at + answer["ContentLength"], left - 1
            try:
                while at < size:
                    chunk = answer["Body"].read(MIB)
                    at, left = at + len(chunk), ATTEMPTS
                    yield chunk
            except Exception:  # Its class is boto3's own, or that of a library below.
                if left == 0:
                    raise

    def etag_of(self, bucket: str, key: str) -> str | None:
        """An object's ETag. By a listing, because S3 refuses a HEAD of an absent key to a role that may list only this prefix."""
        first = self.client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [{}])[0]
        return first.get("ETag") if first.get("Key") == key else None

    def find_csv(self, bucket: str, key: str) -> Current | None:
        """The CSV at a key, if any."""
        if self.etag_of(bucket, key) is None:
            return None
        try:
            head = self.client.head_object(Bucket=bucket, Key=key)
        except Exception as error:
            if named(error).name != "403":
                raise
            raise ExportError("AccessDenied", f'Not allowed to read "s3://{bucket}/{key}": it takes s3:GetObject') from None
        written = head["LastModified"].astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return Current(head["ETag"], from_metadata(head["Metadata"]), written)
