import * as assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { makeRequestHandler, type RequestHandler, type RequestHandlerOptions } from "../../../functions/forwardEvents/http";

const OPTIONS = { connections: 2, connectMilliseconds: 60_000, responseMilliseconds: 60_000, userAgent: "test" };
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

describe("makeRequestHandler", () => {
  const sockets: Socket[] = [];
  let server: Server;
  let handler: RequestHandler;

  /** Starts a server that calls `reply` with the bytes of each request. */
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

  it("returns the complete response, with its status and headers", async () => {
    await serve((socket) => socket.write(OK.replace("200 OK", "400 Bad Request")));
    const { statusCode, headers, body } = await send();
    assert.deepEqual([statusCode, headers["content-length"], body], [400, "2", "{}"]);
  });

  for (const [what, start] of [
    ["without a response", ""],
    ["with half of a response", OK.slice(0, -1)],
  ]) {
    it(`aborts a request ${what}, and closes its connection`, async () => {
      await serve((socket) => void socket.write(start), { responseMilliseconds: 50 });
      const closed = new Promise((resolve) => server.on("connection", (socket) => socket.on("close", resolve)));
      await assert.rejects(send(), { name: "TimeoutError", message: "no response within 50 ms" });
      await closed;
    });
  }

  it("reports a connection that breaks, before or within the response, as a timeout", async () => {
    await serve((socket) => void socket.destroy());
    await assert.rejects(send(), { name: "TimeoutError", code: "ECONNRESET" });
    server.removeAllListeners("connection").on("connection", (socket) => {
      sockets.push(socket);
      socket.on("data", () => socket.end(OK.slice(0, -1)));
    });
    await assert.rejects(send(), { name: "TimeoutError", code: "ECONNRESET" });
  });

  it("opens a new connection after a broken one", async () => {
    await serve((socket) => void (sockets.length === 1 ? socket.destroy() : socket.write(OK)));
    await assert.rejects(send(), { name: "TimeoutError" });
    assert.equal((await send()).statusCode, 200);
  });

  it("reuses a connection for the next request", async () => {
    await serve((socket) => void socket.write(OK));
    for (let call = 0; call < 3; call += 1) assert.equal((await send()).statusCode, 200);
    assert.equal(sockets.length, 1);
  });

  it("opens no more connections than allowed", async () => {
    await serve((socket) => void socket.write(OK));
    await Promise.all(Array.from({ length: 6 }, () => send()));
    assert.equal(sockets.length, OPTIONS.connections);
  });

  it("uses TLS for https", async () => {
    let first: number | undefined;
    await serve((socket, bytes) => {
      first = bytes[0];
      socket.destroy();
    });
    await assert.rejects(send("https:"), { name: "TimeoutError", code: "ECONNRESET" });
    assert.equal(first, 0x16);
  });
});
