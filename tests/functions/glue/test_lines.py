import gzip
import random
import unittest

import standard_library
from export_errors import ExportError
from export_lines import Reader, inflate, rewrite

HEADER = b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"


def cut(data, draw):
    """The bytes in pieces of any sizes, some of them empty."""
    ends = sorted(draw.randrange(len(data) + 1) for _ in range(draw.randrange(30)))
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)])]


def rewritten(data, draw):
    return b"".join(rewrite(iter(cut(data, draw)), HEADER)[1])


def lines_of(data):
    """What a part must add, told by a plain reading of the rules."""
    if not data:
        return b""
    lines = (data[:-1] if data.endswith(b"\n") else data).split(b"\n")
    if lines[0].endswith(b"\r"):
        lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
    return b"".join(line + b"\n" for line in (lines[1:] if lines[0] == HEADER else lines))


class Rewriting(unittest.TestCase):
    def test_gives_the_lines_of_any_part_however_it_is_cut(self):
        draw = random.Random(1)
        texts = [b"", b"a,b,1,watch", '"x,""y",🎬,2,like'.encode(), HEADER, b"u\r,i,3,w", b"\xff\r\r", b"\r"]
        for _ in range(2000):
            lines = [draw.choice(texts) for _ in range(draw.randrange(8))]
            lines = [HEADER, *lines] if draw.random() < 0.5 else lines
            end = draw.choice([b"\n", b"\r\n"])
            data = end.join(lines) + draw.choice([b"", end if lines else b""])
            self.assertEqual(rewritten(data, draw), lines_of(data), data)

    def test_keeps_a_cr_that_is_no_line_end(self):
        draw = random.Random(2)
        for _ in range(50):
            self.assertEqual(rewritten(b"a\r\nb\rc\r\r\nd\r", draw), b"a\nb\rc\r\nd\n")
            self.assertEqual(rewritten(b"a\nb\r\nc", draw), b"a\nb\r\nc\n")

    def test_counts_the_header_line(self):
        for data, count in [(HEADER, 1), (HEADER + b"\r\n", 1), (HEADER + b"\na", 1), (b"a\n" + HEADER, 0), (b"", 0), (HEADER + b",X\n", 0)]:
            self.assertEqual(rewrite(iter([data]), HEADER)[0], count)

    def test_does_not_wait_for_ever_for_the_end_of_a_first_line(self):
        def endless():
            yield b"x" * 70_000
            raise AssertionError("read on")

        self.assertEqual(next(rewrite(endless(), HEADER)[1]), b"x" * 70_000)


class Inflating(unittest.TestCase):
    def inflated(self, data, draw):
        return b"".join(inflate(cut(data, draw), "s3://b/p.gz"))

    def test_takes_members_and_zeros_however_they_are_cut(self):
        draw = random.Random(3)
        one, two = bytes(draw.randrange(256) for _ in range(5000)), b"x" * 3_000_000
        for data, expected in [
            (gzip.compress(one), one),
            (gzip.compress(one) + gzip.compress(b"") + gzip.compress(two), one + two),
            (gzip.compress(two) + b"\0" * 9, two),
            (b"", b""),
        ]:
            for _ in range(20):
                self.assertTrue(self.inflated(data, draw) == expected)

    def test_makes_small_pieces_of_what_grows(self):
        pieces = list(inflate([gzip.compress(b"x" * 20_000_000)], "s3://b/p.gz"))
        self.assertLessEqual(max(map(len, pieces)), 1024**2)

    def test_names_a_part_that_is_corrupt_truncated_or_followed_by_something(self):
        draw = random.Random(4)
        whole = gzip.compress(bytes(draw.randrange(256) for _ in range(5000)))
        broken = whole[:2000] + b"\xff" * 40 + whole[2040:]
        for data, reason in [
            (whole[:1000], "unexpected end of file"),
            (whole[:-4], "unexpected end of file"),
            (whole + b"tail", "incorrect header check"),
            (whole + b"\0" * 600 + whole, "incorrect header check"),
            (whole + b"\0tail", "incorrect header check"),
            (whole + whole[:5], "unexpected end of file"),
            (b"USER_ID,ITEM_ID\n", "incorrect header check"),
            (broken, "incorrect data check"),
        ]:
            for _ in range(10):
                with self.assertRaises(ExportError) as caught:
                    self.inflated(data, draw)
                self.assertEqual(str(caught.exception), f'CorruptPart: Part "s3://b/p.gz" must be whole gzip, but it is not: {reason}')


class Reading(unittest.TestCase):
    def test_fills_what_is_asked_for(self):
        reader = Reader(iter([b"ab", b"", b"cdefgh", b"i", b"j"]))
        self.assertEqual([reader.read(size) for size in (3, 3, 1, 4, 1)], [b"abc", b"def", b"g", b"hij", b""])
        self.assertEqual(Reader(iter([b"ab", b"c"])).read(), b"abc")


if __name__ == "__main__":
    unittest.main()
