"""Joins a run's parts to the one CSV that Personalize imports: the Glue engine, which decides and answers as functions/exportInteractions.

The parts' lines make a CSV of the run's own in cache first; S3 then copies it to the target, which is replaced at once or stays.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import sys
import time
import uuid
import zlib
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from typing import Any, Callable, Iterable, Iterator, NamedTuple

MIB = 1024 * 1024
UPLOAD_BYTES = 32 * MIB  # 10,000 of them are more than any model takes.
COPY_BYTES = 512 * MIB
MOST_LINE_BYTES = 65_536  # of a header line, as in rewrite.ts
AT_A_TIME = 8
ATTEMPTS = 5
CONFLICTS = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NoSuchUpload")
COUNTS = ("rows", "users", "items", "bytes")
DATE, COUNT = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{1,15}"
PLACES = "stage dataset table tenant lake_bucket cache_bucket sink_bucket sink_s3_key manifest_s3_key parts_prefix work_prefix answer_s3_key"
RULES = {
    **dict.fromkeys([*PLACES.split(), "columns", "header"], ("a text", ".+")),
    "sink_zone": ("downstream", "downstream"),
    "run_id": ("a text of printable ASCII", "[!-~]+"),
    "run_date": ("a date YYYY-MM-DD", DATE),
}
QUERY_RULES = {"parts_manifest": ("an s3:// address", "s3://[^/]+/.+"), **dict.fromkeys(COUNTS, ("a whole number from 0", COUNT))}
SOURCE_RULES = dict.fromkeys(["least_rows", "least_repeat_users"], ("a whole number from 0", COUNT))
RULED_COLUMNS = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")
CONTROLS = r"\0-\x1f\x7f-\x9f"
FIELD = r',(?:"([^"]*(?:""[^"]*)*)"|([^",]*))'


class ExportError(Exception):
    """A failure that the pipeline tells apart by its name."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


class Part(NamedTuple):
    """An object that is read, and its ETag where that is known."""

    bucket: str
    key: str
    etag: str | None = None

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Current(NamedTuple):
    """What the target's key holds; without a manifest no export wrote it."""

    etag: str
    manifest: dict[str, Any] | None


def named(error: Exception) -> ExportError:
    """An error as the pipeline reads it: a refusal by S3 has S3's name."""
    if isinstance(error, ExportError):
        return error
    answer = getattr(error, "response", {}).get("Error", {})
    return ExportError(answer.get("Code", type(error).__name__), answer.get("Message", str(error)))


def part_failure(part: Part, error: Exception) -> ExportError:
    """What a refusal says of a part: without s3:ListBucket, S3 tells of that in place of a key that is not there."""
    refusal = named(error)
    gone = refusal.name == "NoSuchKey" or (refusal.name == "AccessDenied" and "s3:ListBucket" in refusal.message)
    if not gone and refusal.name != "PreconditionFailed":
        return refusal
    how = "is not there" if gone else "changed"
    return ExportError("PartChanged", f'Part "{part.uri}" must stay as it was found, but it {how}')


def part_at(uri: str) -> Part:
    bucket, _, key = uri[len("s3://") :].partition("/")
    return Part(bucket, key)


def parse(argv: list[str]) -> argparse.Namespace:
    """Checks the arguments, but for Glue's own; with `parts_manifest` the parts are a query's, else a source's."""
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


def inflate(chunks: Iterable[bytes], uri: str) -> Iterator[bytes]:
    """Inflates gzip of one member or more, which zeros may follow, in pieces of at most 1 MiB; an empty part stays empty."""
    stream = None
    try:
        for chunk in chunks:
            while chunk:
                if stream is None or stream.eof:
                    chunk = chunk.lstrip(b"\0") if stream else chunk
                    stream = zlib.decompressobj(31) if chunk else stream
                yield stream.decompress(chunk, MIB) if chunk else b""
                chunk = chunk and (stream.unused_data or stream.unconsumed_tail)
        if stream and not stream.eof:
            raise zlib.error("unexpected end of file")
    except zlib.error as error:
        reason = str(error).split(": ")[-1]
        raise ExportError("CorruptPart", f'Part "{uri}" must be whole gzip, but it is not: {reason}') from None


def rewrite(chunks: Iterator[bytes], header: bytes) -> tuple[int, Iterator[bytes]]:
    """How many header lines a part has, 0 or 1, and its other lines as the export has them; see rewrite.ts."""
    head = b""
    while b"\n" not in head and len(head) <= MOST_LINE_BYTES and (chunk := next(chunks, None)) is not None:
        head += chunk
    line = head.split(b"\n", 1)[0]
    crlf = line.endswith(b"\r")
    has_header = (line[:-1] if crlf else line) == header
    return int(has_header), end_lines(chain([head[len(line) + 1 :] if has_header else head], chunks), crlf)


def end_lines(chunks: Iterable[bytes], crlf: bool) -> Iterator[bytes]:
    """Takes the CR from every line end where `crlf` says so, and adds the line end that the last line may lack."""
    held, last = b"", b"\n"
    for chunk in chunks:
        if crlf:
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            chunk = chunk[: len(chunk) - len(held)].replace(b"\r\n", b"\n")
        last = chunk[-1:] or last
        yield chunk
    if held or last != b"\n":
        yield b"\n"


def read_row(line: bytes, columns: list[str], where: str) -> dict[str, str]:
    """A row's fields without their quotes; BadRow tells the first rule that it breaks."""

    def bad(rule: str, value: Any) -> ExportError:
        return ExportError("BadRow", f"{where} must {rule}, got {json.dumps(value, ensure_ascii=False)[:80]}")

    text = line.decode(errors="replace")
    if text.encode() != line:
        raise bad("be UTF-8", text)
    if not re.fullmatch(f"(?:{FIELD})+", f",{text}"):
        raise bad("be RFC 4180 without line breaks in fields", text)
    fields = [quoted.replace('""', '"') + plain for quoted, plain in re.findall(FIELD, f",{text}")]
    if len(fields) != len(columns):
        raise bad(f"have {len(columns)} fields ({','.join(columns)})", len(fields))
    row = dict(zip(columns, fields))
    for name in filter(row.__contains__, RULED_COLUMNS):
        if name == "TIMESTAMP" and not (re.fullmatch(COUNT, row[name]) and int(row[name])):
            raise bad("have a TIMESTAMP in whole seconds above 0", row[name])
        if name != "TIMESTAMP" and not re.fullmatch(f"[^{CONTROLS}]{{1,256}}", row[name]):
            raise bad(f"have a {name} of 1 to 256 characters without control characters", row[name])
    return row


def simple_row(columns: list[str]) -> re.Pattern[str]:
    """Finds most good rows fast, each with its ids in their quotes: those without doubled quotes and leading zeros."""

    def field(name: str) -> str:
        plain, quoted = ("[1-9][0-9]{0,14}",) * 2 if name == "TIMESTAMP" else (f'[^{CONTROLS}\ud800-\udfff"{x}]{{1,256}}' for x in (",", ""))
        return f'({plain}|"{quoted}")' if name in ("USER_ID", "ITEM_ID") else f'(?:{plain}|"{quoted}")'

    return re.compile(f"(?m)^{','.join(map(field, columns))}\n")


class Tally:
    """Checks and counts a source's rows; a million distinct short ids take about 110 MB as users, 95 MB as items."""

    def __init__(self, columns: list[str]) -> None:
        self.columns, self.ids, self.simple_row = columns, [name for name in columns if name.endswith("_ID")], simple_row(columns)
        self.rows, self.users, self.items = 0, Counter(), set()

    def watch(self, chunks: Iterable[bytes], uri: str, number: int) -> Iterator[bytes]:
        """Passes lines on, the first of which is line `number` of its part, while their rows are good."""
        rest = b""
        for chunk in chunks:
            rest += chunk
            end = rest.rfind(b"\n") + 1 or (len(rest) if len(rest) > MIB else 0)  # No good row is as long as 1 MiB.
            number += self._take(rest[:end], uri, number) if end else 0
            rest = rest[end:]
            yield chunk

    def _take(self, block: bytes, uri: str, number: int) -> int:
        lines = block.removesuffix(b"\n").split(b"\n")
        found = self.simple_row.findall(block.decode(errors="surrogateescape"))
        if len(found) < len(lines):
            rows = [read_row(line, self.columns, f'Part "{uri}": line {number + i}') for i, line in enumerate(lines)]
            found = [[row[name] for name in self.ids] for row in rows]
        elif b'"' in block:
            found = [[value.strip('"') for value in ids] for ids in found]
        for name, values in zip(self.ids, zip(*found)):
            (self.users if name == "USER_ID" else self.items).update(values)
        self.rows += len(lines)
        return len(lines)

    def counts(self, least_rows: int, least_repeat_users: int, run_date: str) -> dict[str, int]:
        """What was counted, if Personalize can work with it; else TooFewInteractions."""
        repeat_users = sum(count > 1 for count in self.users.values())
        if self.rows < least_rows or repeat_users < least_repeat_users:
            needs = f"Personalize needs {least_rows} rows and {least_repeat_users} users with 2 or more"
            raise ExportError("TooFewInteractions", f"{needs}, run date {run_date} has {self.rows} rows and {repeat_users} such users")
        return {"rows": self.rows, "users": len(self.users), "items": len(self.items)}


def copy_ranges(size: int) -> list[tuple[int, int]]:
    """Ranges of about the same size, at most 512 MiB unless they were more than 10,000; ends are exclusive."""
    count = min(-(-size // COPY_BYTES), 10_000)
    return [(size * i // count, size * (i + 1) // count) for i in range(count)]


def to_metadata(manifest: dict[str, Any]) -> dict[str, str]:
    """A manifest as the object's metadata."""
    return {name: ",".join(value) if name == "columns" else str(value) for name, value in manifest.items()}


def from_metadata(metadata: dict[str, str]) -> dict[str, Any] | None:
    """Reads an object's metadata, whose names S3 gives in lower case; None when no export wrote them."""
    rules = {"runId": ".+", "runDate": DATE, **dict.fromkeys(COUNTS, COUNT), "columns": ".+"}
    found = {name: metadata.get(name.lower(), "") for name in rules}
    if not all(re.fullmatch(rule, found[name]) for name, rule in rules.items()):
        return None
    return {**found, **{name: int(found[name]) for name in COUNTS}, "columns": found["columns"].split(",")}


def manifest_file(csv: Current) -> bytes:
    """What the file beside the CSV says."""
    text = json.dumps({**(csv.manifest or {}), "etag": csv.etag.strip('"')}, ensure_ascii=False, separators=(",", ":"))
    return f"{text}\n".encode()


def is_same_run(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two CSVs are one run's; the columns are a setting, which may change between two executions of a run."""
    return all(one[name] == other[name] for name in ("runId", "runDate", "columns"))


def decide(wanted: dict[str, Any], current: Current | None) -> tuple[str, str]:
    """A target of a later run date stays, and one that this very run wrote; anything else is replaced."""
    if current is None or current.manifest is None:
        return "replaced", "unknownTarget" if current else "noTarget"
    if is_same_run(current.manifest, wanted):
        return "kept", "sameRun"
    there, mine = current.manifest["runDate"], wanted["runDate"]
    if there > mine:
        return "kept", "laterRunDate"
    return "replaced", "sameRunDate" if there == mine else "olderRunDate"


def holding(etag: str | None) -> dict[str, str]:
    """Conditions of a write that replaces only what was seen."""
    return {"If-Match": etag} if etag else {"If-None-Match": "*"}


def ahead(pool: ThreadPoolExecutor, work: Callable[[Any], Any], things: Iterable[Any]) -> Iterator[Any]:
    """Works' results in order, some of which are made before they are asked for."""
    waiting: deque[Future] = deque()
    for thing in things:
        waiting.append(pool.submit(work, thing))
        if len(waiting) == AT_A_TIME:
            yield waiting.popleft().result()
    yield from (one.result() for one in waiting)


class Reader:
    """Bytes as they come, as the file that boto3 uploads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.rest = chunks, b""

    def read(self, size: int = sys.maxsize) -> bytes:
        pieces, missing = [self.rest], size - len(self.rest)
        while missing > 0 and (chunk := next(self.chunks, None)) is not None:
            pieces.append(chunk)
            missing -= len(chunk)
        data = b"".join(pieces)
        self.rest = data[size:]
        return data[:size]


class Store:
    """S3 by boto3's client; its calls take `Headers` beside their parameters, because Glue's boto3 knows less than S3."""

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
        """A part's bytes, all of one version; a read that breaks off is taken up again from there."""
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
                    at += len(chunk)
                    yield chunk
            except Exception:  # It has a class of boto3's own, or of what that reads with.
                if left == 0:
                    raise

    def find(self, bucket: str, key: str) -> str | None:
        """An object's ETag by a listing, because a HEAD of a key that is absent is refused to a role that may list only this prefix."""
        first = self.client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [{}])[0]
        return first.get("ETag") if first.get("Key") == key else None

    def look(self, bucket: str, key: str) -> Current | None:
        """The CSV that is there, if any."""
        if self.find(bucket, key) is None:
            return None
        try:
            head = self.client.head_object(Bucket=bucket, Key=key)
        except Exception as error:
            if named(error).name != "403":
                raise
            raise ExportError("AccessDenied", f'Not allowed to read "s3://{bucket}/{key}": it takes s3:GetObject') from None
        return Current(head["ETag"], from_metadata(head["Metadata"]))


class Export:
    """One run's export, which leaves the CSV that was there whatever goes wrong."""

    def __init__(self, store: Store, args: argparse.Namespace, transfer: Any) -> None:
        self.store, self.client, self.args, self.transfer = store, store.client, args, transfer
        self.columns, self.header = args.columns.split(","), f"{args.columns}\n".encode()
        self.target = {"Bucket": args.sink_bucket, "Key": args.sink_s3_key}
        self.run = {"runId": args.run_id, "runDate": args.run_date, "columns": self.columns}

    def export(self) -> dict[str, Any]:
        """Makes the CSV and puts it in its place at once, unless a later run date, or this run, is there."""
        staged = None
        for _ in range(ATTEMPTS):
            current = self.look()
            decision, reason = decide(self.run, current)
            if decision == "kept":
                return self.answer(decision, reason, current, 0, 0)
            staged = staged or self.stage()
            source, manifest, parts = staged
            replaced = self.replace(source, manifest, current)
            if replaced:
                return self.answer(decision, reason, replaced, parts, manifest["bytes"])
        raise ExportError("TargetChanged", f'"{self.args.sink_s3_key}" changed each of the {ATTEMPTS} times that it was to be replaced')

    def answer(self, decision: str, reason: str, there: Current, parts: int, uploaded: int) -> dict[str, Any]:
        """What was done, and what is there now, told by the file beside it too."""
        self.settle_manifest_file()
        csv = {"key": self.args.sink_s3_key, "etag": there.etag.strip('"'), "bytes": there.manifest["bytes"], "manifest": there.manifest}
        work = {"parts": parts, "copied": uploaded, "uploaded": uploaded, "requests": len(self.store.calls)}
        return {"decision": decision, "reason": reason, **csv, **work}

    def look(self) -> Current | None:
        return self.store.look(self.args.sink_bucket, self.args.sink_s3_key)

    def query_parts(self) -> list[Part]:
        """The parts that the query's manifest names."""
        address = self.args.parts_manifest
        try:
            text = b"".join(self.store.read(part_at(address))).decode()
        except ExportError as error:
            absent = ExportError("NoParts", f'The query wrote no parts: "{address}" is not there')
            raise (absent if error.name == "PartChanged" else error) from None
        uris = [uri for uri in re.split("\r?\n", text) if uri]
        if not uris:
            raise ExportError("NoParts", f'The query wrote no parts: "{address}" names none')
        location = f"s3://{self.args.cache_bucket}/{self.args.parts_prefix}"
        for uri in uris:
            if not uri.startswith(location):
                raise ExportError("StrayPart", f'Manifest "{address}": every part must lie below {location}, got "{uri}"')
        return [part_at(uri) for uri in uris]

    def source_parts(self) -> list[Part]:
        """What a company's own pipeline left for the run's date, in order of the keys, but for hidden objects."""
        bucket, prefix = self.args.lake_bucket, f"{self.args.dataset}/{self.args.table}/dt={self.args.run_date}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [Part(bucket, one["Key"], one["ETag"]) for page in pages for one in page.get("Contents", [])]
        parts = [part for part in found if not re.search("/([_.][^/]*)?$", part.key)]
        if not parts:
            raise ExportError("NoParts", f'There is no part below "s3://{bucket}/{prefix}"')
        return parts

    def csv(self, parts: list[Part], manifest: dict[str, Any]) -> Iterator[bytes]:
        """The CSV's bytes; ends when they are all there and right, with the manifest filled in."""
        args, size = self.args, len(self.header)
        tally = None if args.parts_manifest else Tally(self.columns)

        def begin(part: Part) -> Iterator[bytes]:
            chunks = self.store.read(part)
            return chain([next(chunks, b"")], chunks)

        yield self.header
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            for part, stored in zip(parts, ahead(pool, begin, parts)):
                header_lines, lines = rewrite(inflate(stored, part.uri) if part.key.endswith(".gz") else stored, args.header.encode())
                for chunk in tally.watch(lines, part.uri, 1 + header_lines) if tally else lines:
                    size += len(chunk)
                    yield chunk
        if tally:
            counts = tally.counts(args.least_rows, args.least_repeat_users, args.run_date)
        elif size == len(self.header) + args.bytes:
            counts = {"rows": args.rows, "users": args.users, "items": args.items}
        else:
            must = f"must have {len(self.header) + args.bytes} bytes, as its rows were counted, but its parts make {size}"
            raise ExportError("WrongSize", f"The CSV {must}")
        manifest.update(runId=args.run_id, runDate=args.run_date, **counts, bytes=size, columns=self.columns)

    def stage(self) -> tuple[Part, dict[str, Any], int]:
        """Makes the CSV in cache, where it expires; with its manifest, and the number of its parts."""
        parts = self.query_parts() if self.args.parts_manifest else self.source_parts()
        bucket, key = self.args.cache_bucket, f"{self.args.work_prefix}{self.args.run_id}/{uuid.uuid4().hex}.csv"
        manifest: dict[str, Any] = {}
        self.client.upload_fileobj(Reader(self.csv(parts, manifest)), bucket, key, Config=self.transfer)
        return Part(bucket, key, self.client.head_object(Bucket=bucket, Key=key)["ETag"]), manifest, len(parts)

    def replace(self, source: Part, manifest: dict[str, Any], current: Current | None) -> Current | None:
        """Puts the CSV in its place; None when something else came to be there meanwhile."""
        kind = {"ContentType": "text/csv", "ChecksumAlgorithm": "CRC32", "Headers": {"x-amz-checksum-type": "FULL_OBJECT"}}
        upload = self.client.create_multipart_upload(**self.target, **kind, Metadata=to_metadata(manifest))
        place, ranges = {**self.target, "UploadId": upload["UploadId"]}, copy_ranges(manifest["bytes"])
        what = {"CopySource": {"Bucket": source.bucket, "Key": source.key}, "CopySourceIfMatch": source.etag}

        def copy(number: int, start: int, end: int) -> dict[str, Any]:
            span = {} if len(ranges) == 1 else {"CopySourceRange": f"bytes={start}-{end - 1}"}  # S3 takes none of 5 MiB and less.
            try:
                copied = self.client.upload_part_copy(**place, **what, **span, PartNumber=number)["CopyPartResult"]
            except Exception as error:
                raise part_failure(source, error) from None
            return {"PartNumber": number, "ETag": copied["ETag"], "ChecksumCRC32": copied["ChecksumCRC32"]}

        copies = None
        try:
            with ThreadPoolExecutor(AT_A_TIME) as pool:
                copies = list(pool.map(copy, range(1, len(ranges) + 1), *zip(*ranges)))
            headers = {**holding(current and current.etag), "x-amz-mp-object-size": str(manifest["bytes"])}
            done = self.client.complete_multipart_upload(**place, MultipartUpload={"Parts": copies}, Headers=headers)
            return Current(done["ETag"], manifest)
        except Exception as error:
            with suppress(Exception):
                self.client.abort_multipart_upload(**place)
            if copies is None:
                raise
            now = self.look()  # The upload may be complete although the answer to it was lost.
            if now and now.manifest and is_same_run(now.manifest, manifest):
                return now
            if named(error).name not in CONFLICTS:
                raise
            return None

    def settle_manifest_file(self) -> None:
        """Makes the file beside the CSV repeat what that says of itself; see manifestFile.ts."""
        file = {"Bucket": self.args.sink_bucket, "Key": self.args.manifest_s3_key}
        for _ in range(ATTEMPTS):
            try:
                etag = self.store.find(*file.values())
                there = self.client.get_object(**file, IfMatch=etag)["Body"].read() if etag else None
                csv = self.look()
                if csv and csv.manifest and manifest_file(csv) != there:
                    self.client.put_object(**file, Body=manifest_file(csv), ContentType="application/json", Headers=holding(etag))
                return
            except Exception as error:
                if named(error).name not in CONFLICTS:
                    raise
        raise ExportError("TargetChanged", f"The manifest file changed each of the {ATTEMPTS} times that it was to be written")


def main(argv: list[str]) -> None:
    """Runs the job; the pipeline reads its answer from cache, and people read its figures in the log."""
    import boto3
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    started, args = time.monotonic(), parse(argv)
    gc.disable()  # Rows make many objects and no cycles.
    retries = {"mode": "standard", "max_attempts": 4}
    config = Config(connect_timeout=5, read_timeout=120, max_pool_connections=4 * AT_A_TIME, retries=retries)
    client = boto3.client("s3", config=config)
    transfer = TransferConfig(multipart_threshold=UPLOAD_BYTES, multipart_chunksize=UPLOAD_BYTES, max_concurrency=AT_A_TIME)
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
