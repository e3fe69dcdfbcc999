"""What a CSV says of itself, and which of two is to stay."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

DATE, COUNT = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{1,15}"
COUNTS = ("rows", "users", "items", "bytes")


class Current(NamedTuple):
    """What the target's key holds; without a manifest no export wrote it."""

    etag: str
    manifest: dict[str, Any] | None


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
