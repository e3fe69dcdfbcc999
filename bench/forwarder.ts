import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as Table from "cli-table3";
import { loadForwarder } from "../tests/support/forwarder";
import { kinesisBatch } from "../tests/support/kinesisEvent";
import { type Endpoint, startEndpoint } from "./endpoint";
import { batches, fewestCalls, makePayloads, type Payload } from "./events";

/** Compares the forwarder's archive with the plain handler in BASELINE, when that is there. */
const BASELINE = join(__dirname, "../../shared/baseline");
const BATCH = 500;
const REPETITIONS = 3;
const LATENCY_MILLISECONDS = 10;
/** The baseline makes one call after the other: fewer records are enough. */
const BASELINE_RECORDS = 500;

interface Measured {
  recordsPerSecond: number;
  callsPer1000Records: number;
  cpuMillisecondsPerRecord: number;
  peakMiB: number;
}

async function measureOurs(payloads: Payload[], endpoint: Endpoint): Promise<Measured> {
  const forwarder = await loadForwarder({ endpoint: endpoint.url });
  try {
    const before = await endpoint.stats();
    const from = performance.now();
    let cpuSeconds = 0;
    for (const batch of batches(payloads, BATCH)) {
      const { result, error } = await forwarder.invoke(kinesisBatch(batch));
      const { batchItemFailures } = (result ?? { batchItemFailures: [error] }) as { batchItemFailures: unknown[] };
      if (batchItemFailures.length > 0) throw new Error(`the forwarder returned ${JSON.stringify(batchItemFailures.slice(0, 3))}`);
      cpuSeconds += forwarder.usage().cpuSeconds;
    }
    const seconds = (performance.now() - from) / 1000;
    const after = await endpoint.stats();
    const sent = payloads.reduce((sum, { event_list }) => sum + event_list.length, 0);
    if (after.events - before.events !== sent) throw new Error(`${sent} events were sent, ${after.events - before.events} arrived`);
    return measured(payloads.length, seconds, after.calls - before.calls, cpuSeconds, forwarder.usage().peakMiB);
  } finally {
    await forwarder.stop();
  }
}

async function measureBaseline(payloads: Payload[], endpoint: Endpoint): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "c360-bench-"));
  try {
    const file = join(folder, "events.ndjson");
    await writeFile(file, payloads.map((payload) => `${JSON.stringify(payload)}\n`).join(""));
    const args = [join(BASELINE, "seed_forwarder.py"), file, "--endpoint", endpoint.url, "--batch", String(BATCH)];
    const { stdout } = await promisify(execFile)("python3", args);
    const { records, seconds, calls, cpu_s, peak_rss_mb } = JSON.parse(stdout) as Record<string, number>;
    return measured(records, seconds, calls, cpu_s, peak_rss_mb);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function measured(records: number, seconds: number, calls: number, cpuSeconds: number, peakMiB: number): Measured {
  return {
    recordsPerSecond: records / seconds,
    callsPer1000Records: (calls * 1000) / records,
    cpuMillisecondsPerRecord: (cpuSeconds * 1000) / records,
    peakMiB,
  };
}

function median(runs: Measured[], member: keyof Measured): number {
  return runs.map((run) => run[member]).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function main(): Promise<void> {
  const payloads = makePayloads({ records: 10_000, sessions: 500, meanEvents: 3, seed: 1 });
  const fewest = batches(payloads, BATCH).reduce((calls, batch) => calls + fewestCalls(batch), 0);
  const endpoint = await startEndpoint(join(BASELINE, "recorder.js"), await freePort(), LATENCY_MILLISECONDS);
  const ours: Measured[] = [];
  const baseline: Measured[] = [];
  try {
    for (let run = 0; run < REPETITIONS; run += 1) {
      ours.push(await measureOurs(payloads, endpoint));
      if (existsSync(BASELINE)) baseline.push(await measureBaseline(payloads.slice(0, BASELINE_RECORDS), endpoint));
    }
  } finally {
    await endpoint.stop();
  }
  print(ours, baseline, (fewest * 1000) / payloads.length);
}

function print(ours: Measured[], baseline: Measured[], fewestCallsPer1000: number): void {
  const table = new Table({ head: ["", "forwarder", "baseline", "ratio"], style: { head: [], border: [] } });
  const row = (title: string, member: keyof Measured, digits: number) => {
    const [own, other] = [median(ours, member), baseline.length > 0 ? median(baseline, member) : undefined];
    table.push([title, own.toFixed(digits), other?.toFixed(digits) ?? "-", other === undefined ? "-" : (own / other).toFixed(2)]);
  };
  row("records/s", "recordsPerSecond", 0);
  row("calls per 1000 records", "callsPer1000Records", 0);
  row("CPU ms per record", "cpuMillisecondsPerRecord", 2);
  row("peak memory MiB", "peakMiB", 0);
  console.log(`${REPETITIONS} runs, medians; batches of ${BATCH}, ${LATENCY_MILLISECONDS} ms latency, first batches cold`);
  console.log(table.toString());
  const share = median(ours, "callsPer1000Records") / fewestCallsPer1000;
  console.log(
    `fewest possible calls per 1000 records: ${fewestCallsPer1000.toFixed(0)} (the forwarder made ${share.toFixed(2)} times as many)`,
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
