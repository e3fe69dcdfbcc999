/** Inflates gzip files in memory and tells what that took: inflateFiles.cjs STREAMS FILE... In plain JavaScript nothing else is in the heap. */
const { readFileSync } = require("node:fs");
const { performance } = require("node:perf_hooks");
const { pipeline, Readable } = require("node:stream");
const { createGunzip } = require("node:zlib");

const CHUNK_BYTES = 1024 ** 2;

const [streams, ...files] = process.argv.slice(2);
const waiting = files.map((file) => readFileSync(file));
let bytes = 0;

async function inflate(part) {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const starts = Array.from({ length: Math.ceil(part.length / CHUNK_BYTES) }, (_, i) => i * CHUNK_BYTES);
  pipeline(Readable.from(starts.map((start) => part.subarray(start, start + CHUNK_BYTES))), gunzip, () => {});
  for await (const chunk of gunzip) bytes += chunk.length;
}

async function lane() {
  for (let part = waiting.shift(); part; part = waiting.shift()) await inflate(part);
}

async function main() {
  const from = performance.now();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: Number(streams) }, lane));
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ bytes, seconds: (performance.now() - from) / 1000, cpuSeconds: (user + system) / 1e6 }));
}

void main();
