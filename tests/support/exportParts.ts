import { gzipSync } from "node:zlib";
import * as fc from "fast-check";

/** Header line of the tests' CSV, without line end. */
export const COLUMNS = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE";

/** A part's bytes as stored, and whether they are gzip. */
export interface StoredPart {
  bytes: Buffer;
  compressed: boolean;
}

/** About that many bytes of lines; each part has other lines. */
export function lines(bytes: number, part: number): string {
  const line = (row: number) => `user-${part},item-${row},${1_700_000_000 + row},watch\n`;
  const block = Array.from({ length: 1000 }, (_, row) => line(row)).join("");
  const text = block.repeat(Math.floor(bytes / block.length));
  return text + block.slice(0, block.indexOf("\n", bytes - text.length) + 1);
}

/** The lines that a part must add to the export, by a plain implementation of the rules. */
export function linesOf({ content }: { content: string }): string {
  const crlf = /^[^\n]*\r(?:\n|$)/.test(content);
  const plain = crlf ? content.replace(/\r(?=\n|$)/g, "") : content;
  const body = plain === COLUMNS || plain.startsWith(`${COLUMNS}\n`) ? plain.slice(COLUMNS.length + 1) : plain;
  return body === "" || body.endsWith("\n") ? body : `${body}\n`;
}

/** Parts of every kind: empty, header alone, own header, CR LF, no final line end, gzip, with line ends anywhere. */
export function anyPart(): fc.Arbitrary<{ content: string; compressed: boolean }> {
  const line = fc.oneof(fc.constantFrom("", "a,b,1,watch", '"x,""y",🎬,2,like', COLUMNS, "u\r,i,3,w"), fc.string({ maxLength: 40 }));
  const lines = fc.array(
    line.map((text) => text.replaceAll("\n", "")),
    { maxLength: 8 },
  );
  return fc
    .record({ lines, header: fc.boolean(), crlf: fc.boolean(), closed: fc.boolean(), compressed: fc.boolean() })
    .map(({ lines: rows, header, crlf, closed, compressed }) => {
      const end = crlf ? "\r\n" : "\n";
      const all = header ? [COLUMNS, ...rows] : rows;
      return { content: all.join(end) + (closed && all.length > 0 ? end : ""), compressed };
    });
}

/** A part as the query stores it. */
export function stored({ content, compressed }: { content: string; compressed: boolean }): StoredPart {
  const bytes = Buffer.from(content);
  return { bytes: compressed ? gzipSync(bytes) : bytes, compressed };
}
