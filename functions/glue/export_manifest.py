"""What the metadata of a CSV says about it, and whether a run replaces it."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from export_errors import ExportError

DATE, COUNT = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{1,15}"
COUNTS = ("rows", "users", "items", "bytes")


class Current(NamedTuple):
    """The CSV that the target's key holds; without a manifest if no export wrote it. `last_modified` is ISO 8601."""

    etag: str
    manifest: dict[str, Any] | None
    last_modified: str = ""


def to_metadata(manifest: dict[str, Any]) -> dict[str, str]:
    """The metadata for a manifest."""
    return {name: ",".join(value) if name == "columns" else str(value) for name, value in manifest.items()}


def from_metadata(metadata: dict[str, str]) -> dict[str, Any] | None:
    """Reads a manifest from metadata, whose names S3 returns in lower case; None if no export wrote them."""
    rules = {"runId": ".+", "runDate": DATE, **dict.fromkeys(COUNTS, COUNT), "columns": ".+"}
    found = {name: metadata.get(name.lower(), "") for name in rules}
    if not all(re.fullmatch(rule, found[name]) for name, rule in rules.items()):
        return None
    return {**found, **{name: int(found[name]) for name in COUNTS}, "columns": found["columns"].split(",")}


def manifest_file(csv: Current) -> bytes:
    """The content of the manifest file."""
    text = json.dumps({**(csv.manifest or {}), "etag": csv.etag.strip('"')}, ensure_ascii=False, separators=(",", ":"))
    return f"{text}\n".encode()


def is_same_run(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether one run wrote both. Its columns are a setting, which may change between two executions of a run."""
    return all(one[name] == other[name] for name in ("runId", "runDate", "columns"))


def decide(wanted: dict[str, Any], current: Current | None) -> tuple[str, str]:
    """Keeps a CSV of a later run date, and one that this run wrote. Replaces any other object."""
    if current is None or current.manifest is None:
        return "replaced", "unknownTarget" if current else "noTarget"
    if is_same_run(current.manifest, wanted):
        return "kept", "sameRun"
    there, mine = current.manifest["runDate"], wanted["runDate"]
    if there > mine:
        return "kept", "laterRunDate"
    return "replaced", "sameRunDate" if there == mine else "olderRunDate"


def check_shrink(rows: int, max_shrink: str, current: Current | None) -> None:
    """CsvShrank if a CSV would lose more than a share of its rows: a folder that was deleted, a month that was lost."""
    there = current.manifest if current and current.manifest else {"rows": 0}
    if there["rows"] == 0 or (there["rows"] - rows) / there["rows"] <= float(max_shrink):
        return
    found = f"it has {there['rows']} rows of run date {there['runDate']}, the new one would have {rows}"
    todo = "restore what is missing and start again with rebuild: true, or accept it with acceptShrink: true"
    raise ExportError("CsvShrank", f"The CSV must not lose more than {max_shrink} of its rows (pipeline.maxShrink), {found}: {todo}")
