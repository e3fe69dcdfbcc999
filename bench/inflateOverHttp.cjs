/**
 * Fetches gzip files over plain HTTP, inflates them and sends on what comes of it, and tells what that took:
 * inflateOverHttp.cjs STREAMS URL... The least that anything takes whose bytes come and go by Node's HTTP, whatever its client.
 */
const { once } = require("node:events");
const http = require("node:http");
const { performance } = require("node:perf_hooks");
const { pipeline } = require("node:stream");
const { createGunzip } = require("node:zlib");

const CHUNK_BYTES = 1024 ** 2;
const SEND_BYTES = 8 * CHUNK_BYTES;

const [streams, ...waiting] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
let bytes = 0;

function call(url, method, body) {
  return new Promise((resolve, reject) => {
    const headers = body ? { "content-length": body.length } : {};
    http.request(url, { method, agent, headers }, resolve).on("error", reject).end(body);
  });
}

async function send(url, buffer) {
  const answer = await call(url, "PUT", buffer);
  await once(answer.resume(), "end");
}

async function pass(url) {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  pipeline(await call(url, "GET"), gunzip, () => {});
  let [filling, sending] = [Buffer.allocUnsafeSlow(SEND_BYTES), Buffer.allocUnsafeSlow(SEND_BYTES)];
  let filled = 0;
  let sent = Promise.resolve();
  for await (const chunk of gunzip) {
    bytes += chunk.length;
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(filling, filled, at);
      [at, filled] = [at + copied, filled + copied];
      if (filled < SEND_BYTES) continue;
      await sent;
      sent = send(url, filling);
      [filling, sending, filled] = [sending, filling, 0];
    }
  }
  await sent;
  await send(url, filling.subarray(0, filled));
}

async function lane() {
  for (let url = waiting.shift(); url; url = waiting.shift()) await pass(url);
}

async function main() {
  const from = performance.now();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: Number(streams) }, lane));
  const { user, system } = process.cpuUsage(before);
  agent.destroy();
  console.log(JSON.stringify({ bytes, seconds: (performance.now() - from) / 1000, cpuSeconds: (user + system) / 1e6 }));
}

void main();
