import { existsSync } from "node:fs";
import { join } from "node:path";
import { startEndpoint } from "./endpoint";
import { batches, fewestCalls, makePayloads, type Payload } from "./events";
import { printForwarder, type Cell } from "./forwarderReport";
import { runBaseline, runForwarder } from "./forwarderRuns";

const BASELINE = join(__dirname, "../../shared/baseline");
const BASELINE_SCRIPT = join(BASELINE, "seed_forwarder.py");
const SESSIONS = [50, 500, 5000];
const BATCH_SIZES = [100, 500, 2000];
const REPETITIONS = 3;
const RECORDS = 8000;
/** By then the process has compiled most of what it runs again and again. */
const WARM_UP_RECORDS = 2000;
/** The baseline makes one call after the other: a few records are enough. */
const BASELINE_RECORDS = 40;
const MEAN_EVENTS = 3;
const LATENCY_MILLISECONDS = 10;
/** More than 16 calls at a time can reach at this latency: the function's own pace does not bound the figures. */
const CALLS_PER_SECOND = 10_000;

/**
 * Compares the forwarder's archive with a plain handler, for several numbers of sessions and sizes of batches: all of them once, then
 * again, and medians.
 *
 * @throws Error when an event gets lost on the way
 */
export async function benchForwarder(): Promise<void> {
  const hasBaseline = existsSync(BASELINE_SCRIPT);
  if (!hasBaseline) console.log(`${BASELINE_SCRIPT} is not there: the forwarder alone`);
  const cells = SESSIONS.flatMap((sessions) => {
    const payloads = makePayloads({ records: RECORDS, sessions, meanEvents: MEAN_EVENTS, seed: 1 });
    return BATCH_SIZES.map((batchSize) => ({ payloads, cell: emptyCell(payloads, sessions, batchSize) }));
  });
  const endpoint = await startEndpoint(join(BASELINE, "recorder.js"), LATENCY_MILLISECONDS);
  try {
    for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
      for (const { payloads, cell } of cells) {
        cell.forwarder.push(await runForwarder(payloads, cell.batchSize, WARM_UP_RECORDS, endpoint, CALLS_PER_SECOND));
        if (!hasBaseline) continue;
        cell.baseline.push(await runBaseline(BASELINE_SCRIPT, payloads.slice(0, BASELINE_RECORDS), cell.batchSize, endpoint));
      }
    }
  } finally {
    await endpoint.stop();
  }
  console.log(
    `${REPETITIONS} interleaved runs, medians; ${RECORDS} records of about ${MEAN_EVENTS} events (baseline ${BASELINE_RECORDS}), ` +
      `${LATENCY_MILLISECONDS} ms latency; 16 calls at a time, not paced; ` +
      `without the first ${WARM_UP_RECORDS} records of each process, of which the first batch is "cold"`,
  );
  printForwarder(cells.map(({ cell }) => cell));
}

function emptyCell(payloads: readonly Payload[], sessions: number, batchSize: number): Cell {
  const fewest = batches(payloads, batchSize).reduce((calls, batch) => calls + fewestCalls(batch), 0);
  return { sessions, batchSize, fewestPer1000Records: (fewest * 1000) / payloads.length, forwarder: [], baseline: [] };
}
