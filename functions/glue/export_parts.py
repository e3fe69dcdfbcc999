"""The parts that a run joins: a query's, or those that a company's own pipeline wrote to lake."""

from __future__ import annotations

import re
from argparse import Namespace
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import Iterator

from export_errors import ExportError
from export_lines import inflate, rewrite
from export_store import Part, Store, part_at

CONCURRENT_READS = 8


def find_parts(store: Store, args: Namespace) -> list[Part]:
    """With `parts_manifest` the parts are a query's, otherwise a source's."""
    return query_parts(store, args) if args.parts_manifest else source_parts(store, args)


def query_parts(store: Store, args: Namespace) -> list[Part]:
    """The parts that the query's manifest names."""
    address = args.parts_manifest
    try:
        text = b"".join(store.read(part_at(address))).decode()
    except ExportError as error:
        absent = ExportError("NoParts", f'The query wrote no parts: "{address}" is not there')
        raise (absent if error.name == "PartChanged" else error) from None
    uris = [uri for uri in re.split("\r?\n", text) if uri]
    if not uris:
        raise ExportError("NoParts", f'The query wrote no parts: "{address}" names none')
    location = f"s3://{args.cache_bucket}/{args.parts_prefix}"
    for uri in uris:
        if not uri.startswith(location):
            raise ExportError("StrayPart", f'Manifest "{address}": every part must lie below {location}, got "{uri}"')
    return [part_at(uri) for uri in uris]


def source_parts(store: Store, args: Namespace) -> list[Part]:
    """The parts of a source for the run date in the order of their keys, without hidden objects."""
    bucket, prefix = args.lake_bucket, f"{args.dataset}/{args.table}/dt={args.run_date}/"
    pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [Part(bucket, one["Key"], one["ETag"]) for page in pages for one in page.get("Contents", [])]
    parts = [part for part in found if not re.search("(^|/)([_.]|$)", part.key[len(prefix) :])]
    if not parts:
        raise ExportError("NoParts", f'There is no part below "s3://{bucket}/{prefix}"')
    return parts


def read_parts(store: Store, parts: list[Part], header: str) -> Iterator[tuple[Part, int, Iterator[bytes]]]:
    """Each part with the number of its header lines, 0 or 1, and its other lines. Starts to read the next parts ahead."""

    def begin(part: Part) -> Iterator[bytes]:
        chunks = store.read(part)
        return chain([next(chunks, b"")], chunks)

    with ThreadPoolExecutor(CONCURRENT_READS) as pool:
        waiting: deque[tuple[Part, Future]] = deque()
        for part in parts:
            waiting.append((part, pool.submit(begin, part)))
            if len(waiting) == CONCURRENT_READS:
                yield lines_of(*waiting.popleft(), header)
        while waiting:
            yield lines_of(*waiting.popleft(), header)


def lines_of(part: Part, stored: Future, header: str) -> tuple[Part, int, Iterator[bytes]]:
    chunks = stored.result()
    return (part, *rewrite(inflate(chunks, part.uri) if part.key.endswith(".gz") else chunks, header.encode()))
