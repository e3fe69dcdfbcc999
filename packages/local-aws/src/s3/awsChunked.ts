import { incompleteBody, invalidRequest } from "./errors";

const MAX_LINE = 16 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Decodes the aws-chunked content coding: `<hex size>[;chunk-signature=...]CRLF <bytes> CRLF`, a chunk of size 0,
 * and trailing headers up to an empty line. Chunk signatures are not verified.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export class AwsChunkedDecoder {
  /** Trailing headers by lower-case name; complete after `end`. */
  readonly trailers: Record<string, string> = {};
  private expects: "size" | "data" | "dataEnd" | "trailer" | "nothing" = "size";
  private left = 0;
  private line: number[] = [];

  /**
   * Takes the next bytes of the body.
   *
   * @returns slices of them that are payload
   * @throws ServiceError InvalidRequest when the coding is broken
   */
  push(bytes: Buffer): Buffer[] {
    const payload: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.expects === "data") {
        const slice = bytes.subarray(at, at + this.left);
        payload.push(slice);
        at += slice.length;
        this.left -= slice.length;
        if (this.left === 0) this.expects = "dataEnd";
      } else {
        this.take(bytes[at]);
        at += 1;
      }
    }
    return payload;
  }

  /** @throws ServiceError IncompleteBody when the body ended before its last chunk and trailers */
  end(): void {
    if (this.expects !== "nothing") throw incompleteBody("The request body ended before its last aws-chunked chunk");
  }

  private take(byte: number): void {
    if (this.expects === "nothing") throw invalidRequest("The request body goes on after its last aws-chunked chunk");
    if (byte !== LF) {
      if (this.line.length === MAX_LINE) throw invalidRequest(`A line of the aws-chunked coding must have at most ${MAX_LINE} bytes`);
      this.line.push(byte);
      return;
    }
    if (this.line.pop() !== CR) throw invalidRequest("A line of the aws-chunked coding must end with CRLF");
    const line = Buffer.from(this.line).toString("latin1");
    this.line = [];
    this.takeLine(line);
  }

  private takeLine(line: string): void {
    if (this.expects === "size") {
      const [, size] = /^([0-9a-fA-F]{1,12})(?:;.*)?$/.exec(line) ?? [];
      if (size === undefined) throw invalidRequest("A chunk of the aws-chunked coding must start with its size in hex");
      this.left = parseInt(size, 16);
      this.expects = this.left > 0 ? "data" : "trailer";
    } else if (this.expects === "dataEnd") {
      if (line !== "") throw invalidRequest("A chunk of the aws-chunked coding must be as long as it says");
      this.expects = "size";
    } else if (line === "") {
      this.expects = "nothing";
    } else {
      const colon = line.indexOf(":");
      if (colon < 1) throw invalidRequest("A trailer of the aws-chunked coding must be of the form name:value");
      this.trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    }
  }
}
