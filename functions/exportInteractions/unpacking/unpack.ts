import { makeTaskPool } from "../../shared/taskPool";
import type { BufferPool } from "./bufferPool";
import { CHUNK_BYTES, inflate } from "./inflate";
import { writeObject, type Written } from "./objectWriter";
import type { Part } from "../part";
import { makeRelease } from "./release";
import { makeRewriter } from "./rewrite";
import { makeRowCounter } from "../counting/rows";
import { addressOf } from "../reader";
import type { Source } from "../source";
import { addEncoded, countsOf, encodeTally, makeTally, type TallyCounts } from "../counting/tally";
import type { Unit } from "./units";
import type { Workplace } from "./workplace";

/** Each keeps one core busy: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const UNITS_AT_A_TIME = 2;
/** As stored: a unit of more has the function's CPU for itself, so that it fits into an invocation whatever lies beside it. */
const ALONE_BYTES = 1024 ** 3;
/** A unit is begun when it fits into the time that is left, were it this many times slower than those before it. */
const CAUTION = 2;

/** What unpacking needs of the world. */
export interface UnpackPorts {
  source: Pick<Source, "stream">;
  workplace: Workplace;
  pool: BufferPool;
  /** Milliseconds until the invocation has to end. */
  left: () => number;
  /** Stops every call that is under way, because of an error. */
  stop: (error: unknown) => void;
}

/** How lines are made of parts. */
export interface Way {
  /** Line that a part may begin with. */
  header: string;
  /** Columns that every row is checked by; undefined: rows are neither checked nor counted. */
  checked?: readonly string[];
}

/** What became of units. */
export interface Unpacked {
  /** Objects of the units that are there, by the unit's name. */
  objects: Map<string, Part>;
  /** Units that this invocation made. */
  made: number;
  /** Bytes of their objects. */
  bytes: number;
}

/**
 * Writes the lines of each unit's parts as one plain object, unless an earlier invocation has, several at a time; begins none that might
 * not be done in time. A unit whose rows are counted has its tally beside it.
 *
 * @throws Error named CorruptPart, PartChanged, BadRow, TooManyIds or TooManySteps; OutOfTime when none was made
 */
export async function unpack(units: readonly Unit[], way: Way, ports: UnpackPorts): Promise<Unpacked> {
  const { workplace, pool, left, stop } = ports;
  const there = await workplace.list();
  const unpacked: Unpacked = { objects: new Map(), made: 0, bytes: 0 };
  const add = ({ name }: Unit, written: Written) => unpacked.objects.set(name, plainPart(workplace.uri(linesName(name)), written));
  const release = makeRelease();
  const tasks = makeTaskPool(UNITS_AT_A_TIME, stop);
  let [storedBytes, milliseconds] = [0, 0];
  const fits = ({ bytes }: Unit) => storedBytes === 0 || (bytes / storedBytes) * milliseconds * CAUTION < left();
  const make = async (unit: Unit) => {
    if (!fits(unit)) return;
    const from = left();
    const name = linesName(unit.name);
    const written = await writeObject(workplace.uri(name), linesOf(unit, way, ports, release), pool, workplace.object(name), stop);
    [storedBytes, milliseconds] = [storedBytes + unit.bytes, milliseconds + from - left()];
    [unpacked.made, unpacked.bytes] = [unpacked.made + 1, unpacked.bytes + written.size];
    add(unit, written);
  };
  try {
    for (const unit of units) {
      const found = there.get(linesName(unit.name));
      if (found) {
        add(unit, found);
        continue;
      }
      const isAlone = unit.bytes > ALONE_BYTES;
      if (isAlone) await tasks.finish();
      await tasks.start(() => make(unit));
      if (isAlone) await tasks.finish();
    }
    await tasks.finish();
  } catch (error) {
    await Promise.allSettled([tasks.finish()]);
    if ((error as Error).name !== "OutOfTime" || unpacked.made === 0) throw error;
  }
  return unpacked;
}

/** What was counted of units that are all made. */
export async function countUnits(units: readonly Unit[], workplace: Workplace): Promise<TallyCounts> {
  const all = makeTally();
  for (const { name } of units) addEncoded(all, await workplace.read(tallyName(name)));
  return countsOf(all);
}

/** The tally is there before the lines are: whoever finds these finds it too. */
async function* linesOf(
  { name, parts }: Unit,
  { header, checked }: Way,
  { source, workplace }: UnpackPorts,
  release: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  const tally = makeTally();
  for (const part of parts) {
    const rewriter = makeRewriter(header);
    const counter = checked && makeRowCounter(checked, part.uri, () => rewriter.headerLines(), tally);
    const counted = (chunks: Buffer[]) => {
      for (const chunk of chunks) counter?.push(chunk);
      return chunks;
    };
    const stored = source.stream(part, Buffer.allocUnsafeSlow(CHUNK_BYTES));
    for await (const chunk of part.compressed && part.size > 0 ? inflate(part, stored, release) : stored)
      yield* counted(rewriter.push(chunk));
    yield* counted(rewriter.end());
  }
  if (checked) await workplace.object(tallyName(name)).put(encodeTally(tally));
}

function linesName(unit: string): string {
  return `${unit}.csv`;
}

function tallyName(unit: string): string {
  return `${unit}.tally`;
}

function plainPart(uri: string, { etag, size }: Written): Part {
  return { uri, ...addressOf(uri), etag, size, compressed: false, start: 0, rewritten: false, closed: true };
}
