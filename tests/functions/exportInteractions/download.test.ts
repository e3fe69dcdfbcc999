import * as assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import * as fc from "fast-check";
import { download } from "../../../functions/exportInteractions/download";
import { eventually } from "@c360/local-aws/testing";

const MEMORY_BYTES = 65_536;
const never = new AbortController().signal;

const headOf = (bytes: number) => `HTTP/1.1 206 Partial Content\r\nETag: "e"\r\nContent-Length: ${bytes}\r\n\r\n`;
const bodyOf = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7919) % 251));

describe("download", () => {
  let server: Server;
  let port: number;
  let requests: string[];
  let sockets: Socket[];
  let answer: (socket: Socket) => unknown;

  beforeEach(async () => {
    [requests, sockets] = [[], []];
    server = createServer({ noDelay: true }, (socket) => {
      sockets.push(socket);
      socket.on("error", () => socket.destroy()).once("data", (request) => (requests.push(request.toString()), answer(socket)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    await closed;
  });

  const ask = (bytes: number, signal = never, idleMilliseconds?: number) => {
    const where = { protocol: "http:", hostname: "127.0.0.1", port, path: "/b/a%20key", query: { "x-id": "GetObject" } };
    const headers = { host: `127.0.0.1:${port}`, range: "bytes=0-", authorization: "AWS4-HMAC-SHA256 x" };
    return download({ ...where, headers }, bytes, Buffer.alloc(MEMORY_BYTES), signal, idleMilliseconds);
  };
  /** What comes until it ends, and how it ends. */
  const taken = async (chunks: AsyncGenerator<Buffer> | undefined) => {
    assert.ok(chunks);
    const all: Buffer[] = [];
    try {
      for await (const chunk of chunks) all.push(Buffer.from(chunk));
      return { bytes: Buffer.concat(all), sizes: all.map(({ length }) => length) };
    } catch (error) {
      return { bytes: Buffer.concat(all), error };
    }
  };

  it("sends the request as it was signed", async () => {
    answer = (socket) => socket.end(`${headOf(1)}x`);
    assert.equal((await taken(await ask(1))).bytes.toString(), "x");
    const lines = [`host: 127.0.0.1:${port}`, "range: bytes=0-", "authorization: AWS4-HMAC-SHA256 x", "connection: close"];
    assert.deepEqual(requests, [`GET /b/a%20key?x-id=GetObject HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`]);
  });

  it("gives every byte, in full chunks but for the last, however the answer comes", async () => {
    const cuts = fc.array(fc.nat(300_000), { maxLength: 6 });
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 300_000 }), cuts, fc.nat(50), async (bytes, at, headCut) => {
      const body = bodyOf(bytes);
      const whole = Buffer.concat([Buffer.from(headOf(bytes)), body]);
      const ends = [headCut, ...at, whole.length].map((end) => Math.min(end, whole.length)).sort((a, b) => a - b);
      answer = async (socket) => {
        for (const [i, end] of ends.entries()) await new Promise((resolve) => socket.write(whole.subarray(ends[i - 1] ?? 0, end), resolve));
      };
      const { bytes: found, sizes = [], error } = await taken(await ask(bytes));
      assert.equal(error, undefined);
      assert.ok(found.equals(body));
      assert.ok(sizes.slice(0, -1).every((size) => size === MEMORY_BYTES));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("leaves what follows the answer", async () => {
    for (const bytes of [10, MEMORY_BYTES, MEMORY_BYTES + 1]) {
      const body = bodyOf(bytes);
      answer = (socket) => socket.write(Buffer.concat([Buffer.from(headOf(bytes)), body, Buffer.from("more")]));
      assert.ok((await taken(await ask(bytes))).bytes.equals(body));
    }
  });

  it("takes no other answer, and lets the connection go", async () => {
    for (const text of [
      headOf(3),
      headOf(5).replace("206", "200"),
      headOf(5).replace("206", "403"),
      headOf(5).replace(/Content-Length.*\r\n/, "Transfer-Encoding: chunked\r\n"),
      "HTTP/1.1 206 Partial Content\r\n\r\n",
      `HTTP/1.1 206 Partial Content\r\nX: ${"x".repeat(MEMORY_BYTES)}\r\n\r\n`,
      "SSH-2.0-OpenSSH\r\n\r\n",
    ]) {
      answer = (socket) => socket.write(`${text}abcde`);
      assert.equal(await ask(5), undefined, text.slice(0, 80));
      await eventually(() => assert.equal(sockets.at(-1)?.destroyed, true));
    }
    answer = (socket) => socket.destroy();
    assert.equal(await ask(5), undefined);
    server.close();
    await once(server, "close");
    assert.equal(await ask(5), undefined);
  });

  it("gives what came before the connection ended, and then says so", async () => {
    for (const end of ["end", "resetAndDestroy"] as const) {
      answer = (socket) => socket.write(Buffer.concat([Buffer.from(headOf(200_000)), bodyOf(100_000)]));
      const chunks = await ask(200_000);
      const first = await chunks?.next();
      assert.equal((first?.value as Buffer).length, MEMORY_BYTES);
      const ending = taken(chunks);
      sockets.at(-1)?.[end]();
      const { bytes, error } = await ending;
      assert.equal((error as NodeJS.ErrnoException).code, "ECONNRESET");
      assert.match((error as Error).message, /^"\/b\/a%20key" broke off before its end$/);
      if (end === "end") assert.ok(bytes.equals(bodyOf(100_000).subarray(MEMORY_BYTES)));
    }
  });

  it("ends with the reason of a stop, at any time", async () => {
    const stopping = new AbortController();
    answer = (socket) => socket.write(Buffer.concat([Buffer.from(headOf(200_000)), bodyOf(10)]));
    const chunks = taken(await ask(200_000, stopping.signal));
    const reason = new Error("enough");
    stopping.abort(reason);
    assert.equal((await chunks).error, reason);
    assert.equal(await ask(5, stopping.signal), undefined);
  });

  it("does not wait for ever for the other side, but for whoever reads", async () => {
    const body = bodyOf(200_000);
    answer = (socket) => socket.write(Buffer.concat([Buffer.from(headOf(body.length)), body]));
    const slowly = await ask(body.length, never, 1000);
    const first = Buffer.from((await slowly?.next())?.value as Buffer);
    answer = (socket) => socket.write(headOf(5));
    const silent = await taken(await ask(5, never, 1000));
    assert.equal((silent.error as NodeJS.ErrnoException).code, "ECONNRESET");
    answer = () => {};
    assert.equal(await ask(5, never, 1000), undefined);
    const { bytes, error } = await taken(slowly);
    assert.equal(error, undefined);
    assert.ok(Buffer.concat([first, bytes]).equals(body));
  });
});
