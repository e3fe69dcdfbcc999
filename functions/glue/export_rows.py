"""Rules and counts of a source's rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Iterable, Iterator

from export_errors import ExportError

MIB = 1024 * 1024
COUNTED_COLUMNS = ("USER_ID", "ITEM_ID", "EVENT_TYPE")
RULED_COLUMNS = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")
SECONDS = "(?=.{1,15}$)0*[1-9][0-9]{0,10}"
NO_VALUES = {r"\N", "null", "NULL", "None", "undefined", "nan", "NaN", "<NA>"}
CONTROLS = r"\0-\x1f\x7f-\x9f"
FIELD = r',(?:"([^"]*(?:""[^"]*)*)"|([^",]*))'


def read_row(line: bytes, columns: list[str], where: str) -> dict[str, str]:
    """The fields of a row without their quotes. BadRow names the first rule that the row breaks."""

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
        if name == "TIMESTAMP" and not re.fullmatch(SECONDS, row[name]):
            raise bad("have a TIMESTAMP in whole seconds from 1 to 99999999999, not in milliseconds", row[name])
        if name != "TIMESTAMP" and not re.fullmatch(f"[^{CONTROLS}]{{1,256}}", row[name]):
            raise bad(f"have a {name} of 1 to 256 characters without control characters", row[name])
        if name.endswith("_ID") and row[name] in NO_VALUES:
            raise bad(f'have a {name} that is no word for "no value"', row[name])
    return row


def simple_row(columns: list[str]) -> re.Pattern[str]:
    """Matches good rows without doubled quotes and leading zeros, and those with words for no value; captures ids and event types with their quotes."""

    def field(name: str) -> str:
        plain, quoted = ("[1-9][0-9]{0,10}",) * 2 if name == "TIMESTAMP" else (f'[^{CONTROLS}\ud800-\udfff"{x}]{{1,256}}' for x in (",", ""))
        return f'({plain}|"{quoted}")' if name in COUNTED_COLUMNS else f'(?:{plain}|"{quoted}")'

    return re.compile(f"(?m)^{','.join(map(field, columns))}\n")


class Tally:
    """Checks and counts a source's rows. A million distinct short ids need about 110 MB as users, 95 MB as items."""

    def __init__(self, columns: list[str]) -> None:
        self.columns, self.counted, self.simple_row = columns, [name for name in columns if name in COUNTED_COLUMNS], simple_row(columns)
        self.rows, self.values = 0, {name: Counter() if name == "USER_ID" else set() for name in COUNTED_COLUMNS}

    def watch(self, chunks: Iterable[bytes], uri: str, number: int) -> Iterator[bytes]:
        """Passes lines on and counts their rows, the first of which is line `number` of its part; raises BadRow."""
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
        if b'"' in block:
            found = [[value.strip('"') for value in ids] for ids in found]
        if len(found) < len(lines) or any(name.endswith("_ID") and not NO_VALUES.isdisjoint(ids) for name, ids in zip(self.counted, zip(*found))):
            rows = [read_row(line, self.columns, f'Part "{uri}": line {number + i}') for i, line in enumerate(lines)]
            found = [[row[name] for name in self.counted] for row in rows]
        for name, values in zip(self.counted, zip(*found)):
            self.values[name].update(values)
        self.rows += len(lines)
        return len(lines)

    def counts(self) -> dict[str, int]:
        """Rows, distinct values, and users with 2 or more rows."""
        users, items, event_types = (len(self.values[name]) for name in COUNTED_COLUMNS)
        repeat_users = sum(count > 1 for count in self.values["USER_ID"].values())
        return {"rows": self.rows, "users": users, "items": items, "repeatUsers": repeat_users, "eventTypes": event_types}


def check_quotas(counts: dict[str, int], args: Any) -> None:
    """TooFewInteractions, TooFewRepeatUsers or TooManyEventTypes if Personalize would not train on the rows."""

    def refused(name: str, rule: str, found: str) -> ExportError:
        return ExportError(name, f"Personalize {rule}, run date {args.run_date} has {found}")

    rows, users, repeat_users, event_types = (counts[name] for name in ("rows", "users", "repeatUsers", "eventTypes"))
    if rows < args.least_rows or repeat_users < args.least_repeat_users:
        rule = f"needs {args.least_rows} rows and {args.least_repeat_users} users with 2 or more"
        raise refused("TooFewInteractions", rule, f"{rows} rows and {repeat_users} such users")
    if repeat_users * 100 < users * args.least_repeat_percent:
        rule = f"needs 2 or more rows of at least {args.least_repeat_percent}% of the users"
        raise refused("TooFewRepeatUsers", rule, f"{repeat_users} such users of {users}")
    if event_types > args.most_event_types:
        rule = f"takes at most {args.most_event_types} event types and optional columns together"
        raise refused("TooManyEventTypes", rule, f"{event_types} event types")
