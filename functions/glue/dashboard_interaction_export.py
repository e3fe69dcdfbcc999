"""Joins the parts of a run to the CSV that Personalize imports. Decides and answers as functions/exportInteractions does.

Writes a CSV to cache first. S3 then copies it over the target by one atomic write, or leaves the target as it is.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import sys
import time
import uuid
from typing import Any, Iterator

from export_errors import ExportError, named
from export_lines import Reader
from export_manifest import COUNT, COUNTS, DATE, Current, check_shrink, decide
from export_parts import find_parts, read_parts
from export_rows import Tally, check_quotas
from export_store import ATTEMPTS, Part, Store
from export_target import Target

UPLOAD_BYTES = 32 * 1024 * 1024  # 10,000 of them are more than Personalize imports.
UPLOADS, CONNECTIONS = 8, 32
LOCATIONS = (
    "stage dataset table tenant lake_bucket cache_bucket sink_bucket sink_s3_key manifest_s3_key parts_prefix work_prefix answer_s3_key"
)
RULES = {
    **dict.fromkeys([*LOCATIONS.split(), "columns", "header"], ("a text", ".+")),
    "sink_zone": ("downstream", "downstream"),
    "run_id": ("a text of printable ASCII", "[!-~]+"),
    "run_date": ("a date YYYY-MM-DD", DATE),
    "max_shrink": ("a share from 0 to 1", r"0(\.[0-9]+)?|1|[1-9](\.[0-9]+)?e-[0-9]+"),
}
QUERY_RULES = {"parts_manifest": ("an s3:// address", "s3://[^/]+/.+"), **dict.fromkeys(COUNTS, ("a whole number from 0", COUNT))}
NEEDS = ("least_rows", "least_repeat_users", "least_repeat_percent", "most_event_types")
SOURCE_RULES = dict.fromkeys(NEEDS, ("a whole number from 0", COUNT))


def parse(argv: list[str]) -> argparse.Namespace:
    """Checks the arguments except Glue's own. With `parts_manifest` the parts are a query's, otherwise a source's."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False, exit_on_error=False)
    for name in (*RULES, *QUERY_RULES, *SOURCE_RULES):
        parser.add_argument(f"--{name}")
    args = parser.parse_known_args(argv)[0]
    for name, (rule, pattern) in {**RULES, **(SOURCE_RULES if args.parts_manifest is None else QUERY_RULES)}.items():
        value = getattr(args, name)
        if value is None or not re.fullmatch(pattern, value):
            raise ExportError("BadInput", f"dashboard_interaction_export: {name} must be {rule}, got {json.dumps(value)}")
        setattr(args, name, int(value) if pattern == COUNT else value)
    if args.rows == 0:
        raise ExportError("NoRows", f"The table has no row for {args.run_date}: nothing was exported")
    return args


class Export:
    """The export of one run. A failure leaves the old CSV as it was."""

    def __init__(self, store: Store, args: argparse.Namespace, transfer: Any) -> None:
        self.store, self.client, self.args, self.transfer = store, store.client, args, transfer
        self.columns, self.header = args.columns.split(","), f"{args.columns}\n".encode()
        self.target = Target(store, args.sink_bucket, args.sink_s3_key, args.manifest_s3_key)
        self.run = {"runId": args.run_id, "runDate": args.run_date, "columns": self.columns}

    def export(self) -> dict[str, Any]:
        """Replaces the CSV, unless that of a later run date, or of this run, is there."""
        staged = None
        for _ in range(ATTEMPTS):
            current = self.target.find()
            decision, reason = decide(self.run, current)
            if decision == "kept":
                return {**self.answer(decision, reason, current, 0, 0), "lastModified": current.last_modified}
            staged = staged or self.stage()
            source, manifest, parts = staged
            check_shrink(manifest["rows"], self.args.max_shrink, current)
            replaced = self.target.replace(source, manifest, current)
            if replaced:
                return self.answer(decision, reason, replaced, parts, manifest["bytes"])
        raise ExportError("TargetChanged", f'"{self.args.sink_s3_key}" changed each of the {ATTEMPTS} times that it was to be replaced')

    def answer(self, decision: str, reason: str, there: Current, parts: int, uploaded: int) -> dict[str, Any]:
        """What the run did, and which CSV is there now. Updates the manifest file first."""
        self.target.update_manifest_file()
        csv = {"key": self.args.sink_s3_key, "etag": there.etag.strip('"'), "bytes": there.manifest["bytes"], "manifest": there.manifest}
        work = {"parts": parts, "copied": uploaded, "uploaded": uploaded, "requests": len(self.store.calls)}
        return {"decision": decision, "reason": reason, **csv, **work}

    def stage(self) -> tuple[Part, dict[str, Any], int]:
        """Writes the CSV to cache, where it expires; returns it with its manifest and the number of its parts."""
        parts = find_parts(self.store, self.args)
        bucket, key = self.args.cache_bucket, f"{self.args.work_prefix}{self.args.run_id}/{uuid.uuid4().hex}.csv"
        manifest: dict[str, Any] = {}
        self.client.upload_fileobj(Reader(self.csv(parts, manifest)), bucket, key, Config=self.transfer)
        return Part(bucket, key, self.client.head_object(Bucket=bucket, Key=key)["ETag"]), manifest, len(parts)

    def csv(self, parts: list[Part], manifest: dict[str, Any]) -> Iterator[bytes]:
        """The bytes of the CSV. Checks them at the end and fills in the manifest."""
        args, size = self.args, len(self.header)
        tally = None if args.parts_manifest else Tally(self.columns)
        yield self.header
        for part, header_lines, lines in read_parts(self.store, parts, args.header):
            for chunk in tally.watch(lines, part.uri, 1 + header_lines) if tally else lines:
                size += len(chunk)
                yield chunk
        if tally:
            counts = tally.counts()
            check_quotas(counts, args)
        elif size == len(self.header) + args.bytes:
            counts = vars(args)
        else:
            must = f"must have {len(self.header) + args.bytes} bytes, as its rows were counted, but its parts make {size}"
            raise ExportError("WrongSize", f"The CSV {must}")
        manifest.update(runId=args.run_id, runDate=args.run_date, **{name: counts[name] for name in ("rows", "users", "items")}, bytes=size, columns=self.columns)


def main(argv: list[str]) -> None:
    """Runs the job. Writes the answer for the pipeline to cache, and the figures to the log."""
    import boto3
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    started, args = time.monotonic(), parse(argv)
    gc.disable()  # Rows create many objects but no reference cycles.
    retries = {"mode": "standard", "max_attempts": 4}
    config = Config(connect_timeout=5, read_timeout=120, max_pool_connections=CONNECTIONS, retries=retries)
    client = boto3.client("s3", config=config)
    transfer = TransferConfig(multipart_threshold=UPLOAD_BYTES, multipart_chunksize=UPLOAD_BYTES, max_concurrency=UPLOADS)
    answer = Export(Store(client), args, transfer).export()
    body = json.dumps(answer, ensure_ascii=False).encode()
    client.put_object(Bucket=args.cache_bucket, Key=args.answer_s3_key, Body=body, ContentType="application/json")
    figures = {name: answer[name] for name in ("decision", "reason", "bytes", "parts", "uploaded", "requests")}
    print(json.dumps({**figures, "seconds": round(time.monotonic() - started, 1)}))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Exception as error:
        raise named(error) from error
