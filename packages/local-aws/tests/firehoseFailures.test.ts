import * as assert from "node:assert/strict";
import type { ActiveFault, FaultKind } from "../src/http/faults";
import type { DeliveryStream } from "../src/firehose/deliveryStream";
import { ServiceError } from "../src/service";
import { FirehoseBench, READ, WRITE } from "./support/firehose";
import { eventually } from "../testing/eventually";

const SLOW_DOWN = new ServiceError("SlowDown", "Please reduce your request rate.", 503);
const INTERNAL = new ServiceError("InternalFailure", "internal", 500);
const texts = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${String(i).padStart(3, "0")}`);

describe("the local Firehose when others fail", () => {
  let bench: FirehoseBench;
  beforeEach(async () => {
    bench = await FirehoseBench.open();
    await bench.makeSource(2);
    await bench.makeRole([READ, WRITE]);
    await bench.deliver({ bufferingInterval: 60 });
    bench.running.startWorkers();
  });
  afterEach(() => bench.close());
  const failWrites = (kind: FaultKind, to?: number): ActiveFault =>
    bench.running.faults.inject({ service: "s3", operation: "PUT /{Bucket}/{Key+}", kind, to });
  /** Puts rows, and lets the interval go by once they and those before them are read. */
  const send = async (rows: string[], waiting = 0): Promise<void> => {
    const [stream] = bench.running.services.get("firehose")?.workers as DeliveryStream[];
    if (rows.length > 0) await bench.put(...rows);
    await eventually(() => assert.equal(stream.undelivered, waiting + rows.length));
    bench.clock.advance(60_000);
  };
  const untilInjected = (fault: ActiveFault): Promise<void> => eventually(() => assert.ok(fault.injected > 0));
  const untilRows = async (rows: string[]): Promise<void> => {
    await bench.untilDone();
    assert.deepEqual(await bench.lines(), rows);
  };

  for (const [what, kind] of [
    ["refuses objects", SLOW_DOWN],
    ["drops the connection", "disconnect"],
    ["loses its answer", "loseAnswer"],
  ] as const) {
    it(`writes as many rows as there are records when S3 ${what}`, async () => {
      const fault = failWrites(kind, 3);
      const rows = texts("row", 60);
      await send(rows.slice(0, 40));
      await untilInjected(fault);
      await send(rows.slice(40), 40);
      await untilRows(rows);
      assert.equal(fault.injected, 3);
    });
  }

  it("waits for a silent S3 without losing its place", async () => {
    const fault = failWrites("silence");
    const rows = texts("row", 20);
    await send(rows.slice(0, 10));
    await untilInjected(fault);
    await send(rows.slice(10), 10);
    assert.deepEqual(await bench.keys(), []);
    fault.remove();
    await untilRows(rows);
  });

  it("reads on behind failures of the stream, each record once", async () => {
    const reads = { service: "kinesis", operation: "GetRecords" };
    const faults = ([INTERNAL, "disconnect", "loseAnswer"] as const).map((kind, i) =>
      bench.running.faults.inject({ ...reads, kind, from: 2 * i + 1, to: 2 * i + 2 }),
    );
    const rows = texts("row", 50);
    await send(rows);
    await eventually(() =>
      assert.deepEqual(
        faults.map(({ injected }) => injected),
        [2, 2, 2],
      ),
    );
    await untilRows(rows);
  });
});
