import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadForwarder } from "../tests/support/forwarder";
import { kinesisBatch } from "../tests/support/kinesisEvent";
import type { SerializedFunction } from "../tests/support/serialize";
import type { Endpoint } from "./endpoint";
import { batches, type Payload } from "./events";

/** What one run took. */
export interface Run {
  recordsPerSecond: number;
  callsPer1000Records: number;
  cpuMillisecondsPerRecord: number;
  peakMiB: number;
}

/** A run of the forwarder, without its warm-up; the first batch of the fresh process stands apart. */
export interface ForwarderRun extends Run {
  coldMilliseconds: number;
  coldCpuMilliseconds: number;
}

/**
 * Sends all records through the forwarder's archive, in a fresh process.
 *
 * @param warmUpRecords that go first and do not count in the figures of time and CPU: at least a batch, fewer than all
 * @param callsPerSecond that the function may make
 * @throws Error when a record comes back or an event does not arrive
 */
export async function runForwarder(
  payloads: readonly Payload[],
  batchSize: number,
  warmUpRecords: number,
  endpoint: Endpoint,
  callsPerSecond: number,
): Promise<ForwarderRun> {
  const forwarder = await loadForwarder({ endpoint: endpoint.url, env: { CALLS_PER_SECOND: String(callsPerSecond) } });
  try {
    const before = await endpoint.stats();
    const [first, ...others] = batches(payloads, batchSize);
    const coldMilliseconds = await forwardBatch(forwarder, first);
    const coldCpuMilliseconds = forwarder.usage().cpuSeconds * 1000;
    let warmed = first.length;
    const warm = { records: 0, milliseconds: 0, cpuMilliseconds: 0 };
    for (const batch of others) {
      const milliseconds = await forwardBatch(forwarder, batch);
      if (warmed >= warmUpRecords) {
        warm.records += batch.length;
        warm.milliseconds += milliseconds;
        warm.cpuMilliseconds += forwarder.usage().cpuSeconds * 1000;
      } else warmed += batch.length;
    }
    const after = await endpoint.stats();
    const sent = payloads.reduce((sum, { event_list }) => sum + event_list.length, 0);
    if (after.events - before.events !== sent) throw new Error(`${sent} events were sent, ${after.events - before.events} arrived`);
    return {
      recordsPerSecond: (warm.records * 1000) / warm.milliseconds,
      callsPer1000Records: ((after.calls - before.calls) * 1000) / payloads.length,
      cpuMillisecondsPerRecord: warm.cpuMilliseconds / warm.records,
      peakMiB: forwarder.usage().peakMiB,
      coldMilliseconds,
      coldCpuMilliseconds,
    };
  } finally {
    await forwarder.stop();
  }
}

async function forwardBatch(forwarder: SerializedFunction, batch: readonly Payload[]): Promise<number> {
  const event = kinesisBatch(batch);
  const from = performance.now();
  const { result, error } = await forwarder.invoke(event);
  const milliseconds = performance.now() - from;
  const { batchItemFailures } = (result ?? { batchItemFailures: [error] }) as { batchItemFailures: unknown[] };
  if (batchItemFailures.length > 0) throw new Error(`the forwarder returned ${JSON.stringify(batchItemFailures.slice(0, 3))}`);
  return milliseconds;
}

/**
 * Sends the records through a plain handler: one call a record.
 *
 * @param script a Python program that takes a file of records, --endpoint and --batch and prints its figures as JSON
 */
export async function runBaseline(script: string, payloads: readonly Payload[], batchSize: number, endpoint: Endpoint): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "c360-bench-"));
  try {
    const file = join(folder, "events.ndjson");
    await writeFile(file, payloads.map((payload) => `${JSON.stringify(payload)}\n`).join(""));
    const { stdout } = await promisify(execFile)("python3", [script, file, "--endpoint", endpoint.url, "--batch", String(batchSize)]);
    const { records, seconds, calls, cpu_s, peak_rss_mb } = JSON.parse(stdout) as Record<string, number>;
    return {
      recordsPerSecond: records / seconds,
      callsPer1000Records: (calls * 1000) / records,
      cpuMillisecondsPerRecord: (cpu_s * 1000) / records,
      peakMiB: peak_rss_mb,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
