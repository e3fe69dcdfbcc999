import * as assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { makeRequestHandler, type RequestHandler, type RequestHandlerOptions } from "../../../functions/forwardEvents/requestHandler";

const OPTIONS = { connections: 2, connectMilliseconds: 60_000, answerMilliseconds: 60_000, userAgent: "test" };
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

describe("makeRequestHandler", () => {
  const sockets: Socket[] = [];
  let server: Server;
  let handler: RequestHandler;

  /** A server that does as told when bytes of a request come. */
  const serve = async (reply: (socket: Socket, bytes: Buffer) => void, options: Partial<RequestHandlerOptions> = {}) => {
    server = createServer((socket) => {
      sockets.push(socket.on("error", () => undefined));
      socket.on("data", (bytes) => reply(socket, bytes));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    handler = makeRequestHandler({ ...OPTIONS, ...options });
  };
  const send = (protocol = "http:") => {
    const { port } = server.address() as AddressInfo;
    const request = { protocol, hostname: "127.0.0.1", port, method: "POST", path: "/events", headers: { a: "b" }, body: "{}" };
    return handler.handle(request);
  };
  afterEach(async () => {
    handler.destroy();
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it("gives the whole answer, with its status and headers", async () => {
    await serve((socket) => socket.write(OK.replace("200 OK", "400 Bad Request")));
    const { statusCode, headers, body } = await send();
    assert.deepEqual([statusCode, headers["content-length"], body], [400, "2", "{}"]);
  });

  for (const [what, start] of [
    ["without an answer", ""],
    ["with half of one", OK.slice(0, -1)],
  ]) {
    it(`gives up a call ${what}, and closes its connection`, async () => {
      await serve((socket) => void socket.write(start), { answerMilliseconds: 50 });
      const closed = new Promise((resolve) => server.on("connection", (socket) => socket.on("close", resolve)));
      await assert.rejects(send(), { name: "TimeoutError", message: "no answer within 50 ms" });
      await closed;
    });
  }

  it("calls a connection that breaks, before or within the answer, a timeout", async () => {
    await serve((socket) => void socket.destroy());
    await assert.rejects(send(), { name: "TimeoutError", code: "ECONNRESET" });
    server.removeAllListeners("connection").on("connection", (socket) => {
      sockets.push(socket);
      socket.on("data", () => socket.end(OK.slice(0, -1)));
    });
    await assert.rejects(send(), { name: "TimeoutError", code: "ECONNRESET" });
  });

  it("opens another connection after one that broke", async () => {
    await serve((socket) => void (sockets.length === 1 ? socket.destroy() : socket.write(OK)));
    await assert.rejects(send(), { name: "TimeoutError" });
    assert.equal((await send()).statusCode, 200);
  });

  it("keeps a connection for the next call", async () => {
    await serve((socket) => void socket.write(OK));
    for (let call = 0; call < 3; call += 1) assert.equal((await send()).statusCode, 200);
    assert.equal(sockets.length, 1);
  });

  it("opens no more connections than it may", async () => {
    await serve((socket) => void socket.write(OK));
    await Promise.all(Array.from({ length: 6 }, () => send()));
    assert.equal(sockets.length, OPTIONS.connections);
  });

  it("speaks TLS when the endpoint does", async () => {
    let first: number | undefined;
    await serve((socket, bytes) => {
      first = bytes[0];
      socket.destroy();
    });
    await assert.rejects(send("https:"), { name: "TimeoutError", code: "ECONNRESET" });
    assert.equal(first, 0x16);
  });
});
