import json
import traceback
import unittest

import standard_library
from dashboard_interaction_export import LOCATIONS, parse
from export_errors import ExportError, named
from export_manifest import Current, check_shrink, decide, from_metadata, manifest_file, to_metadata
from export_store import Part, part_failure
from export_target import copy_ranges, replacing

SETTINGS = {**{name: name for name in LOCATIONS.split()}, "sink_zone": "downstream", "columns": "USER_ID,ITEM_ID", "header": "USER_ID,ITEM_ID"}
RUN = {"run_id": "k-1", "run_date": "2026-01-31", "max_shrink": "0.2"}
COUNTS = {"rows": "1", "users": "2", "items": "3", "bytes": "9007199254740"}
QUERY = {**SETTINGS, **RUN, "parts_manifest": "s3://cache/athena/q-manifest.csv", **COUNTS}
QUOTAS = {"least_rows": "1000", "least_repeat_users": "25", "least_repeat_percent": "1", "most_event_types": "10"}
SOURCE = {**SETTINGS, **RUN, **QUOTAS}
MANIFEST = {"runId": "k-1", "runDate": "2026-01-31", "rows": 1, "users": 2, "items": 3, "bytes": 9, "columns": ["USER_ID", "ITEM_ID"]}


def argv(values):
    return [text for name, value in values.items() for text in (f"--{name}", value)]


class Arguments(unittest.TestCase):
    def refused(self, values, name, message):
        with self.assertRaises(ExportError) as caught:
            parse(argv(values))
        self.assertEqual(str(caught.exception), f"{name}: {message}")

    def test_are_texts_and_counts_beside_glues_own(self):
        args = parse(["--JOB_NAME", "j", *argv(QUERY), "--enable-metrics", "--custom-logGroup-prefix", "/x", "--row", "7"])
        self.assertEqual((args.rows, args.users, args.items, args.bytes, args.least_rows), (1, 2, 3, 9007199254740, None))
        self.assertEqual((args.run_id, args.sink_s3_key, args.header), ("k-1", "sink_s3_key", "USER_ID,ITEM_ID"))

    def test_of_a_source_have_no_list_of_parts(self):
        args = parse(argv(SOURCE))
        self.assertEqual((args.parts_manifest, args.least_rows, args.least_repeat_users, args.rows), (None, 1000, 25, None))
        self.assertEqual((args.least_repeat_percent, args.most_event_types), (1, 10))
        for text in ("0", "1", "0.05", "1e-7"):
            self.assertEqual(parse(argv({**SOURCE, "max_shrink": text})).max_shrink, text)

    def test_are_refused_by_name_rule_and_value(self):
        for values, name, rule, value in [
            (QUERY, "run_date", "a date YYYY-MM-DD", "yesterday"),
            (QUERY, "run_id", "a text of printable ASCII", "é"),
            (QUERY, "run_id", "a text of printable ASCII", ""),
            (QUERY, "parts_manifest", "an s3:// address", "x"),
            (QUERY, "parts_manifest", "an s3:// address", ""),
            (QUERY, "rows", "a whole number from 0", "1.5"),
            (QUERY, "bytes", "a whole number from 0", "-1"),
            (QUERY, "users", "a whole number from 0", "١"),
            (QUERY, "sink_zone", "downstream", "lake"),
            (QUERY, "cache_bucket", "a text", ""),
            (SOURCE, "least_rows", "a whole number from 0", "many"),
            (SOURCE, "most_event_types", "a whole number from 0", "-1"),
            (SOURCE, "max_shrink", "a share from 0 to 1", "1.5"),
            (QUERY, "max_shrink", "a share from 0 to 1", "many"),
        ]:
            message = f"dashboard_interaction_export: {name} must be {rule}, got {json.dumps(value)}"
            self.refused({**values, name: value}, "BadInput", message)
        for values, name, rule in [(QUERY, "items", "a whole number from 0"), (SOURCE, "table", "a text")]:
            without = {other: value for other, value in values.items() if other != name}
            self.refused(without, "BadInput", f"dashboard_interaction_export: {name} must be {rule}, got null")

    def test_without_a_value_are_no_exit(self):
        with self.assertRaisesRegex(Exception, "argument --bytes: expected one argument"):
            parse([*argv(SOURCE), "--bytes"])

    def test_must_tell_of_rows(self):
        self.refused({**QUERY, "rows": "0"}, "NoRows", "The table has no row for 2026-01-31: nothing was exported")


class Decision(unittest.TestCase):
    def test_follows_the_run_date(self):
        for there, expected in [
            ({}, ("kept", "sameRun")),
            ({"columns": ["USER_ID"]}, ("replaced", "sameRunDate")),
            ({"runId": "k-2"}, ("replaced", "sameRunDate")),
            ({"runDate": "2026-01-30"}, ("replaced", "olderRunDate")),
            ({"runDate": "2026-02-01"}, ("kept", "laterRunDate")),
        ]:
            self.assertEqual(decide(MANIFEST, Current('"e"', {**MANIFEST, **there})), expected)
        self.assertEqual(decide(MANIFEST, None), ("replaced", "noTarget"))
        self.assertEqual(decide(MANIFEST, Current('"e"', None)), ("replaced", "unknownTarget"))

    def test_replaces_only_what_was_found(self):
        self.assertEqual(replacing('"e"'), {"If-Match": '"e"'})
        self.assertEqual(replacing(None), {"If-None-Match": "*"})


class Shrink(unittest.TestCase):
    def test_is_refused_above_a_share(self):
        current = Current('"e"', {**MANIFEST, "rows": 1000})
        for rows, most in [(800, "0.2"), (5000, "0.2"), (1000, "0"), (1, "1"), (0, "1")]:
            check_shrink(rows, most, current)
        for there in (None, Current('"e"', None), Current('"e"', {**MANIFEST, "rows": 0})):
            check_shrink(0, "0.2", there)
        with self.assertRaises(ExportError) as caught:
            check_shrink(799, "0.2", current)
        found = "it has 1000 rows of run date 2026-01-31, the new one would have 799"
        todo = "restore what is missing and start again with rebuild: true, or accept it with acceptShrink: true"
        message = f"CsvShrank: The CSV must not lose more than 0.2 of its rows (pipeline.maxShrink), {found}: {todo}"
        self.assertEqual(str(caught.exception), message)
        with self.assertRaisesRegex(ExportError, "^CsvShrank: "):
            check_shrink(999, "0", current)


class ManifestTexts(unittest.TestCase):
    def test_are_metadata_and_back(self):
        texts = to_metadata(MANIFEST)
        counts = {"rows": "1", "users": "2", "items": "3", "bytes": "9"}
        self.assertEqual(texts, {"runId": "k-1", "runDate": "2026-01-31", **counts, "columns": "USER_ID,ITEM_ID"})
        lower = {name.lower(): text for name, text in texts.items()}
        self.assertEqual(from_metadata(lower), MANIFEST)
        self.assertEqual(list(from_metadata(lower)), list(MANIFEST))
        for name in lower:
            for text in ("", "\n"):
                self.assertIsNone(from_metadata({**lower, name: text}))
            self.assertIsNone(from_metadata({other: text for other, text in lower.items() if other != name}))
        self.assertIsNone(from_metadata({**lower, "rows": "1.5"}))

    def test_are_a_file_like_the_lambda_functions(self):
        text = '{"runId":"k-1","runDate":"2026-01-31","rows":1,"users":2,"items":3,"bytes":9,"columns":["USER_ID","ITEM_ID"],"etag":"e-1"}\n'
        self.assertEqual(manifest_file(Current('"e-1"', MANIFEST)), text.encode())


class Ranges(unittest.TestCase):
    def test_follow_each_other_within_s3s_limits(self):
        mib, gib = 1024**2, 1024**3
        for size in [1, 5 * mib, 512 * mib, 512 * mib + 1, gib, gib + 1, 5 * 1024 * gib, 48 * 1024 * gib]:
            ranges = copy_ranges(size)
            self.assertEqual([start for start, _ in ranges], [0, *(end for _, end in ranges[:-1])])
            self.assertEqual(ranges[-1][1], size)
            self.assertLessEqual(len(ranges), 10_000)
            for start, end in ranges:
                self.assertLessEqual(end - start, 5 * gib)
                self.assertGreaterEqual(end - start, min(size, 256 * mib))


class Names(unittest.TestCase):
    def test_end_a_traceback_without_a_module(self):
        self.assertEqual(traceback.format_exception_only(ExportError, ExportError("NoParts", "none")), ["ExportError: NoParts: none\n"])

    def test_are_s3s_for_its_refusals(self):
        refusal = RuntimeError("wrapped")
        refusal.response = {"Error": {"Code": "AccessDenied", "Message": "no s3:ListBucket"}}
        self.assertEqual(str(named(refusal)), "AccessDenied: no s3:ListBucket")
        self.assertEqual(str(named(ValueError("x"))), "ValueError: x")
        part = Part("b", "p", None)
        self.assertEqual(str(part_failure(part, refusal)), 'PartChanged: Part "s3://b/p" must stay as it was found, but it is not there')
        refusal.response["Error"]["Code"] = "PreconditionFailed"
        self.assertEqual(str(part_failure(part, refusal)), 'PartChanged: Part "s3://b/p" must stay as it was found, but it changed')
        refusal.response["Error"]["Code"] = "SlowDown"
        self.assertEqual(part_failure(part, refusal).name, "SlowDown")


if __name__ == "__main__":
    unittest.main()
