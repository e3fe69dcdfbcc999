import base64
import json
import random
import unittest
from argparse import Namespace
from pathlib import Path

import standard_library
from export_errors import ExportError
from export_lines import rewrite
from export_rows import Tally, check_quotas, read_row

CASES = json.loads((Path(__file__).parents[2] / "contracts" / "source_rows.json").read_text())
COLUMNS = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"]


def counted(data, columns, header, sizes):
    """Lines and counts of a part in pieces of some sizes, or how it was refused."""
    pieces, at = [], 0
    while at < len(data):
        size = next(sizes)
        pieces.append(data[at : at + size])
        at += size
    tally = Tally(columns)
    header_lines, lines = rewrite(iter(pieces), header.encode())
    text = b"".join(tally.watch(lines, "s3://b/p", 1 + header_lines)).decode()
    return text, tally.counts()


def every(size):
    while True:
        yield size


class SharedCases(unittest.TestCase):
    def test_come_out_as_both_engines_must_have_them(self):
        for case in CASES:
            data = base64.b64decode(case["partBase64"]) if "partBase64" in case else case["part"].encode()
            columns = case["columns"]
            for size in (1, 7, len(data) + 1):
                with self.subTest(case["name"], size=size):
                    try:
                        text, counts = counted(data, columns, case.get("header", ",".join(columns)), every(size))
                    except ExportError as error:
                        self.assertEqual(str(error), f"BadRow: {case.get('error')}")
                    else:
                        self.assertEqual((text, counts), (case.get("lines"), case.get("counts")))


class Rows(unittest.TestCase):
    def test_are_judged_at_once_as_they_are_one_by_one(self):
        draw = random.Random(5)
        ids = ["a", "b", "é", "🎬 1", "", "x" * 256, "x" * 257, "🎬" * 256, "t\t", "c\x85", "d\x7f", '"q"', '"q,""r"', '"', '""', "\ufffd", "\ufeff", "NULL", "\\N", '"nan"']
        seconds = ["1", "1700000000", '"17"', "0", "007", "", "-1", "1.5", " 1", "9" * 11, "0" * 4 + "9" * 11, "1" + "0" * 11, "9" * 16, "١"]
        for _ in range(3000):
            good = draw.random() < 0.7
            rows = []
            for _ in range(draw.randrange(1, 6)):
                user, item = (draw.choice(ids[:4] if good else ids) for _ in range(2))
                row = [user, item, draw.choice(seconds[:3] if good else seconds), draw.choice(["watch", "buy", '"buy"', "null"])]
                rows.append(",".join(row if draw.random() < 0.97 else row[:3]).encode())
            if draw.random() < 0.05:
                rows.append(b"a,\xffb,1,w")
            self.assertEqual(self.outcome(rows), self.naive(rows), rows)

    def outcome(self, rows):
        try:
            return counted(b"\n".join(rows), COLUMNS, "", every(13))[1]
        except ExportError as error:
            return str(error)

    def naive(self, rows):
        try:
            found = [read_row(row, COLUMNS, f'Part "s3://b/p": line {n}') for n, row in enumerate(rows, 1)]
        except ExportError as error:
            return str(error)
        users = [row["USER_ID"] for row in found]
        repeated = sum(users.count(user) > 1 for user in set(users))
        items = {row["ITEM_ID"] for row in found}
        types = {row["EVENT_TYPE"] for row in found}
        return {"rows": len(rows), "users": len(set(users)), "items": len(items), "repeatUsers": repeated, "eventTypes": len(types)}

    def test_may_have_their_columns_in_any_order(self):
        columns = ["TIMESTAMP", "ITEM_ID", "USER_ID"]
        counts = counted(b'1,i,u\n2,"j","u"\n3,i,v\n', columns, "", every(100))[1]
        self.assertEqual(counts, {"rows": 3, "users": 2, "items": 2, "repeatUsers": 1, "eventTypes": 0})

    def test_that_never_end_are_not_gathered(self):
        tally = Tally(COLUMNS)
        with self.assertRaisesRegex(ExportError, r'^BadRow: Part "s3://b/p": line 3 must have 4 fields .*, got 1$'):
            for _ in tally.watch((b"x" * 100_000 for _ in range(1000)), "s3://b/p", 3):
                self.assertEqual(tally.rows, 0)

    def test_must_be_what_personalize_trains_on(self):
        tally = Tally(COLUMNS)
        list(tally.watch([b"u,i,1,w\nu,j,1,w\nv,j,1,x\n"], "s3://b/p", 1))
        counts = tally.counts()
        self.assertEqual(counts, {"rows": 3, "users": 2, "items": 2, "repeatUsers": 1, "eventTypes": 2})
        exact = {"least_rows": 3, "least_repeat_users": 1, "least_repeat_percent": 50, "most_event_types": 2}
        for change, name, rule, found in [
            ({"least_rows": 4}, "TooFewInteractions", "needs 4 rows and 1 users with 2 or more", "3 rows and 1 such users"),
            ({"least_repeat_users": 2}, "TooFewInteractions", "needs 3 rows and 2 users with 2 or more", "3 rows and 1 such users"),
            ({"least_repeat_percent": 51}, "TooFewRepeatUsers", "needs 2 or more rows of at least 51% of the users", "1 such users of 2"),
            ({"most_event_types": 1}, "TooManyEventTypes", "takes at most 1 event types and optional columns together", "2 event types"),
        ]:
            check_quotas(counts, Namespace(run_date="2026-01-31", **exact))
            with self.assertRaises(ExportError) as caught:
                check_quotas(counts, Namespace(run_date="2026-01-31", **{**exact, **change}))
            self.assertEqual(str(caught.exception), f"{name}: Personalize {rule}, run date 2026-01-31 has {found}")


if __name__ == "__main__":
    unittest.main()
