"""The CSV in downstream, and the manifest file beside it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from export_errors import ExportError, named
from export_manifest import Current, is_same_run, manifest_file, to_metadata
from export_store import ATTEMPTS, Part, Store, part_failure

COPY_BYTES = 512 * 1024 * 1024
CONCURRENT_COPIES = 8
CONFLICTS = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NoSuchUpload")


def copy_ranges(size: int) -> list[tuple[int, int]]:
    """At most 10,000 ranges of about the same size, of at most 512 MiB if possible. Ends are exclusive."""
    count = min(-(-size // COPY_BYTES), 10_000)
    return [(size * i // count, size * (i + 1) // count) for i in range(count)]


def replacing(etag: str | None) -> dict[str, str]:
    """The condition that a write replaces only what was found."""
    return {"If-Match": etag} if etag else {"If-None-Match": "*"}


class Target:
    """The CSV that is to be replaced, and the file beside it that repeats its manifest."""

    def __init__(self, store: Store, bucket: str, key: str, manifest_key: str) -> None:
        self.store, self.client = store, store.client
        self.csv, self.file = {"Bucket": bucket, "Key": key}, {"Bucket": bucket, "Key": manifest_key}

    def find(self) -> Current | None:
        """The CSV that the key holds, if any."""
        return self.store.find_csv(*self.csv.values())

    def replace(self, source: Part, manifest: dict[str, Any], current: Current | None) -> Current | None:
        """Replaces the CSV by a copy of another; None if the key holds another object than `current` by now."""
        kind = {"ContentType": "text/csv", "ChecksumAlgorithm": "CRC32", "Headers": {"x-amz-checksum-type": "FULL_OBJECT"}}
        upload = self.client.create_multipart_upload(**self.csv, **kind, Metadata=to_metadata(manifest))
        target, copies = {**self.csv, "UploadId": upload["UploadId"]}, None
        try:
            copies = self.copy(source, manifest["bytes"], target)
            headers = {**replacing(current and current.etag), "x-amz-mp-object-size": str(manifest["bytes"])}
            done = self.client.complete_multipart_upload(**target, MultipartUpload={"Parts": copies}, Headers=headers)
            return Current(done["ETag"], manifest)
        except Exception as error:
            with suppress(Exception):
                self.client.abort_multipart_upload(**target)
            if copies is None:
                raise
            now = self.find()  # The upload may be complete although the answer was lost.
            if now and now.manifest and is_same_run(now.manifest, manifest):
                return now
            if named(error).name not in CONFLICTS:
                raise
            return None

    def copy(self, source: Part, size: int, target: dict[str, str]) -> list[dict[str, Any]]:
        """Lets S3 copy all bytes into an upload; returns its completed parts."""
        ranges = copy_ranges(size)
        what = {"CopySource": {"Bucket": source.bucket, "Key": source.key}, "CopySourceIfMatch": source.etag}

        def copy_range(number: int, start: int, end: int) -> dict[str, Any]:
            span = {} if len(ranges) == 1 else {"CopySourceRange": f"bytes={start}-{end - 1}"}  # S3 copies ranges only of more than 5 MiB.
            try:
                copied = self.client.upload_part_copy(**target, **what, **span, PartNumber=number)["CopyPartResult"]
            except Exception as error:
                raise part_failure(source, error) from None
            return {"PartNumber": number, "ETag": copied["ETag"], "ChecksumCRC32": copied["ChecksumCRC32"]}

        with ThreadPoolExecutor(CONCURRENT_COPIES) as pool:
            return list(pool.map(copy_range, range(1, len(ranges) + 1), *zip(*ranges)))

    def update_manifest_file(self) -> None:
        """Makes the manifest file repeat what the CSV says about itself; see target.ts."""
        for _ in range(ATTEMPTS):
            try:
                etag = self.store.etag_of(*self.file.values())
                there = self.client.get_object(**self.file, IfMatch=etag)["Body"].read() if etag else None
                csv = self.find()
                if csv and csv.manifest and manifest_file(csv) != there:
                    self.client.put_object(**self.file, Body=manifest_file(csv), ContentType="application/json", Headers=replacing(etag))
                return
            except Exception as error:
                if named(error).name not in CONFLICTS:
                    raise
        raise ExportError("TargetChanged", f"The manifest file changed each of the {ATTEMPTS} times that it was to be written")
