/** A file that the query wrote, as far as its probe tells. */
export interface Part extends Shape {
  /** `s3://` address. */
  uri: string;
  bucket: string;
  key: string;
  /** Pins the content: a part that changes is told by it. */
  etag: string;
  /** Whether it is gzip, by its suffix. */
  compressed: boolean;
  /** All of it, where it is so small that the probe read it whole. */
  body?: Buffer;
}

/** What the planner knows of a part. */
export interface Shape {
  /** Bytes as stored. */
  size: number;
  /** First byte after the part's own header line. */
  start: number;
  /** Whether its bytes cannot be taken as they are: gzip, or lines that end with CR LF. */
  rewritten: boolean;
  /** Whether its last line ends. */
  closed: boolean;
}

const LF = 10;
const CR = 13;

/**
 * Reads a plain part's shape off its ends.
 *
 * @param size bytes of the part
 * @param first its first bytes: all of it, or enough for a line
 * @param last its last byte; undefined for an empty part
 * @param columns the header line, without line end
 */
export function shapeOf(size: number, first: Buffer, last: number | undefined, columns: string): Shape {
  const end = first.indexOf(LF);
  const known = end >= 0 || first.length === size;
  const line = first.subarray(0, end >= 0 ? end : first.length);
  const crlf = known && line.at(-1) === CR;
  const hasHeader = known && line.subarray(0, crlf ? -1 : undefined).toString("utf8") === columns;
  return {
    size,
    start: !hasHeader ? 0 : end >= 0 ? end + 1 : size,
    rewritten: crlf,
    closed: last === undefined || last === LF,
  };
}
