import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { UsageError } from "../cli/shared/command";
import { aggregate } from "../local/interactions/aggregate";
import { loadForwarder } from "../tests/support/forwarder";
import { kinesisBatch } from "../tests/support/kinesisEvent";
import type { SerializedFunction } from "../tests/support/serialize";
import { type Endpoint, startEndpoint } from "./endpoint";
import { batches, fewestCalls, makePayloads, type Payload } from "./events";
import { type Cell, type ForwarderRun, printForwarder, type Run } from "./forwarderReport";

const BASELINE = join(__dirname, "../../shared/baseline");
/** A Python program that takes a file of records, `--endpoint` and `--batch` and prints its figures as JSON. */
const BASELINE_SCRIPT = join(BASELINE, "seed_forwarder.py");
const SESSIONS = [50, 500, 5000];
const BATCH_SIZES = [100, 500, 2000];
/** Shape of the row in which each batch is one record of the Kinesis Producer Library. */
const AGGREGATED = { sessions: 500, batchSize: 500 };
const REPETITIONS = 3;
const RECORDS = 8000;
/** Records after which most of the code is compiled. Time and CPU are measured from then on. */
const WARM_UP_RECORDS = 2000;
/** The baseline makes one call at a time: a few records are enough. */
const BASELINE_RECORDS = 40;
const MEAN_EVENTS = 3;
const LATENCY_MILLISECONDS = 10;
/** More than 16 concurrent calls reach at this latency, so that the forwarder's call rate does not limit the figures. */
const CALLS_PER_SECOND = 10_000;

/**
 * Compares the forwarder's archive with the baseline, a plain handler that makes one call per record. Each number of sessions and batch
 * size is measured once per repetition; the report has medians. One more row tells what the user records of an aggregate take.
 *
 * @param args `--aggregated` measures that row alone
 * @throws UsageError for any other argument
 * @throws Error when a record fails or an event does not arrive
 */
export async function benchForwarder(args: readonly string[]): Promise<void> {
  if (args.some((arg) => arg !== "--aggregated")) throw new UsageError(`the flag must be --aggregated, got "${args.join(" ")}"`);
  const hasBaseline = existsSync(BASELINE_SCRIPT);
  if (!hasBaseline) console.log(`no baseline: ${BASELINE_SCRIPT} does not exist`);
  const payloadsOf = (sessions: number) => makePayloads({ records: RECORDS, sessions, meanEvents: MEAN_EVENTS, seed: 1 });
  const single = args.length > 0 ? [] : SESSIONS.flatMap((sessions) => BATCH_SIZES.map((batchSize) => ({ sessions, batchSize })));
  const rows = [...single.map((row) => ({ ...row, aggregated: false })), { ...AGGREGATED, aggregated: true }];
  const cells = rows.map((row) => {
    const payloads = payloadsOf(row.sessions);
    return { payloads, cell: emptyCell(payloads, row) };
  });
  const endpoint = await startEndpoint(join(BASELINE, "recorder.js"), LATENCY_MILLISECONDS);
  try {
    for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
      for (const { payloads, cell } of cells) {
        cell.forwarder.push(await runForwarder(payloads, cell, endpoint));
        if (hasBaseline && !cell.aggregated)
          cell.baseline.push(await runBaseline(payloads.slice(0, BASELINE_RECORDS), cell.batchSize, endpoint));
      }
    }
  } finally {
    await endpoint.stop();
  }
  console.log(
    `Medians of ${REPETITIONS} interleaved runs. ${RECORDS} records (baseline ${BASELINE_RECORDS}) of about ${MEAN_EVENTS} events, ` +
      `${LATENCY_MILLISECONDS} ms latency, 16 concurrent calls, no limit of the call rate. ` +
      `The first ${WARM_UP_RECORDS} records of each process are a warm-up; "cold" is its first batch.`,
  );
  printForwarder(cells.map(({ cell }) => cell));
}

function emptyCell(payloads: readonly Payload[], row: Pick<Cell, "sessions" | "batchSize" | "aggregated">): Cell {
  const fewest = batches(payloads, row.batchSize).reduce((calls, batch) => calls + fewestCalls(batch), 0);
  return { ...row, fewestPer1000Records: (fewest * 1000) / payloads.length, forwarder: [], baseline: [] };
}

/** Sends all records through the forwarder's archive in a new process. */
async function runForwarder(payloads: readonly Payload[], { batchSize, aggregated }: Cell, endpoint: Endpoint): Promise<ForwarderRun> {
  const forwarder = await loadForwarder({ endpoint: endpoint.url, env: { CALLS_PER_SECOND: String(CALLS_PER_SECOND) } });
  try {
    const before = await endpoint.stats();
    const [first, ...others] = batches(payloads, batchSize);
    const coldMilliseconds = await forwardBatch(forwarder, first, aggregated);
    const coldCpuMilliseconds = forwarder.usage().cpuSeconds * 1000;
    let warmed = first.length;
    const warm = { records: 0, milliseconds: 0, cpuMilliseconds: 0 };
    for (const batch of others) {
      const milliseconds = await forwardBatch(forwarder, batch, aggregated);
      if (warmed >= WARM_UP_RECORDS) {
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

async function forwardBatch(forwarder: SerializedFunction, batch: readonly Payload[], aggregated: boolean): Promise<number> {
  const userRecords = (): Buffer[] => batch.map((payload) => Buffer.from(JSON.stringify(payload)));
  const event = kinesisBatch(aggregated ? [aggregate("key", userRecords())] : batch);
  const from = performance.now();
  const { result, error } = await forwarder.invoke(event);
  const milliseconds = performance.now() - from;
  const { batchItemFailures } = (result ?? { batchItemFailures: [error] }) as { batchItemFailures: unknown[] };
  if (batchItemFailures.length > 0) throw new Error(`the forwarder returned ${JSON.stringify(batchItemFailures.slice(0, 3))}`);
  return milliseconds;
}

async function runBaseline(payloads: readonly Payload[], batchSize: number, endpoint: Endpoint): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "c360-bench-"));
  try {
    const file = join(folder, "events.ndjson");
    await writeFile(file, payloads.map((payload) => `${JSON.stringify(payload)}\n`).join(""));
    const args = [BASELINE_SCRIPT, file, "--endpoint", endpoint.url, "--batch", String(batchSize)];
    const { stdout } = await promisify(execFile)("python3", args);
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
