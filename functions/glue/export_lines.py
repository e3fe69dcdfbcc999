"""Turns a part's bytes into the lines that the export needs."""

from __future__ import annotations

import sys
import zlib
from itertools import chain
from typing import Iterable, Iterator

from export_errors import ExportError

MIB = 1024 * 1024
MOST_LINE_BYTES = 65_536  # Far longer than any header line; as in rewrite.ts.


def inflate(chunks: Iterable[bytes], uri: str) -> Iterator[bytes]:
    """Inflates one or more gzip members, which zeros may follow, in chunks of at most 1 MiB. An empty part stays empty."""
    stream, padded = None, False
    try:
        for chunk in chunks:
            while chunk:
                if stream and stream.eof and (padded or chunk[0] == 0):
                    if chunk.strip(b"\0"):
                        raise zlib.error("incorrect header check")
                    padded = True
                    break
                if stream is None or stream.eof:
                    stream = zlib.decompressobj(31)
                yield stream.decompress(chunk, MIB)
                chunk = stream.unused_data or stream.unconsumed_tail
        if stream and not stream.eof:
            raise zlib.error("unexpected end of file")
    except zlib.error as error:
        reason = str(error).split(": ")[-1]
        raise ExportError("CorruptPart", f'Part "{uri}" must be whole gzip, but it is not: {reason}') from None


def rewrite(chunks: Iterator[bytes], header: bytes) -> tuple[int, Iterator[bytes]]:
    """Removes the header line that a part may have, and the CR of every CR LF if its first line ends with one; see rewrite.ts.

    Returns how many header lines the part has, 0 or 1, and its other lines.
    """
    head = b""
    while b"\n" not in head and len(head) <= MOST_LINE_BYTES and (chunk := next(chunks, None)) is not None:
        head += chunk
    line = head.split(b"\n", 1)[0]
    crlf = line.endswith(b"\r")
    has_header = (line[:-1] if crlf else line) == header
    return int(has_header), end_lines(chain([head[len(line) + 1 :] if has_header else head], chunks), crlf)


def end_lines(chunks: Iterable[bytes], crlf: bool) -> Iterator[bytes]:
    """Removes the CR of every CR LF if `crlf` is set, and adds the line end that the last line may lack."""
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


class Reader:
    """Chunks as a file that boto3 can upload."""

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
