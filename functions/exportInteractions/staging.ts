import { createHash } from "node:crypto";
import { makeTaskPool } from "../shared/taskPool";
import { inflate } from "./inflate";
import { BufferPool } from "./memory";
import { type Part, rangesOf, readRanges } from "./parts";
import { makeRewriter } from "./rewrite";
import { type Counts, makeRowCounter, Tally } from "./rows";
import { type Address, addressOf, type S3 } from "./s3";
import { putObject, writeObject, type Written } from "./upload";

/** Changes with the form of what is staged, so that other versions of this code do not use it. */
const VERSION = 3;
/** Stored bytes of a group of several parts. Its plain lines, several times larger, are worth a copy; little work is lost with them. */
const GROUP_BYTES = 16 * 1024 ** 2;
/** Each keeps one core busy: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const CONCURRENT_GROUPS = 2;
/** A group with more stored bytes has the CPU for itself, so that it fits into an invocation whatever the other groups are. */
const ALONE_BYTES = 1024 ** 3;
/** A group starts only if the time left is enough even at half the speed of those before it. */
const CAUTION = 2;
/** Bytes of an upload, and how many of them are filled or sent at a time: most of the memory that staging needs. */
const UPLOAD_BYTES = 12 * 1024 ** 2;
const UPLOADS = 3;

/** Neighboring parts whose lines are staged as one plain object. */
export interface PartGroup {
  parts: Part[];
  /** As stored. */
  bytes: number;
  /** Identifies the content: the same parts have the same name in a later invocation. */
  name: string;
}

/** How parts become lines. */
export interface StagingOptions {
  /** Line that a part may start with. */
  header: string;
  /** The CSV's columns. */
  columns: readonly string[];
  /** Whether rows are checked and counted. */
  counted: boolean;
}

/** What is staged after `stageGroups`. */
export interface Staged {
  /** The plain object of each group that is staged, by the group's name. */
  objects: Map<string, Part>;
  /** Groups that this invocation staged. */
  made: number;
  /** Bytes of their objects. */
  bytes: number;
}

/** Groups the parts that must be rewritten. @returns groups, and the other parts, in their order */
export function groupParts(parts: readonly Part[], { header, columns }: Omit<StagingOptions, "counted">): (Part | PartGroup)[] {
  const grouped: (Part | PartGroup)[] = [];
  let open: PartGroup | undefined;
  for (const part of parts) {
    if (!part.rewritten) {
      open = undefined;
      grouped.push(part);
    } else if (open && open.bytes + part.size <= GROUP_BYTES) {
      open.parts.push(part);
      open.bytes += part.size;
    } else {
      open = { parts: [part], bytes: part.size, name: "" };
      grouped.push(open);
    }
  }
  for (const group of grouped.filter(isGroup)) {
    const content = JSON.stringify([VERSION, header, columns, ...group.parts.map(({ uri, etag }) => [uri, etag])]);
    group.name = createHash("sha256").update(content).digest("hex").slice(0, 32);
  }
  return grouped;
}

export function isGroup(one: Part | PartGroup): one is PartGroup {
  return "parts" in one;
}

/**
 * Stages each group that no earlier invocation has staged, two at a time. Starts no group that might not be done in time.
 *
 * @param left milliseconds until the invocation has to end
 * @throws Error named CorruptPart, PartChanged, BadRow, TooManyIds or TooManySteps; OutOfTime if no group was staged
 */
export async function stageGroups(
  groups: readonly PartGroup[],
  staging: Pick<Staging, "find" | "stage" | "stop">,
  left: () => number,
): Promise<Staged> {
  const found = await staging.find();
  const staged: Staged = { objects: new Map(), made: 0, bytes: 0 };
  const tasks = makeTaskPool(CONCURRENT_GROUPS, (error) => staging.stop(error));
  let [storedBytes, milliseconds] = [0, 0];
  const fits = ({ bytes }: PartGroup) => storedBytes === 0 || (bytes / storedBytes) * milliseconds * CAUTION < left();
  const stage = async (group: PartGroup) => {
    if (!fits(group)) return;
    const before = left();
    const object = await staging.stage(group);
    [storedBytes, milliseconds] = [storedBytes + group.bytes, milliseconds + before - left()];
    [staged.made, staged.bytes] = [staged.made + 1, staged.bytes + object.size];
    staged.objects.set(group.name, object);
  };
  try {
    for (const group of groups) {
      const object = found.get(group.name);
      if (object) {
        staged.objects.set(group.name, object);
        continue;
      }
      const isAlone = group.bytes > ALONE_BYTES;
      if (isAlone) await tasks.finish();
      await tasks.start(() => stage(group));
      if (isAlone) await tasks.finish();
    }
    await tasks.finish();
  } catch (error) {
    await Promise.allSettled([tasks.finish()]);
    if ((error as Error).name !== "OutOfTime" || staged.made === 0) throw error;
  }
  return staged;
}

/** The plain objects of a run's groups, in a bucket whose objects expire. A group whose rows are counted has its tally beside it. */
export class Staging {
  private readonly pool = new BufferPool(UPLOADS, UPLOAD_BYTES);
  private readonly prefix: Address;

  /** @param location `s3://` address of the run's objects; ends with a slash */
  constructor(
    private readonly s3: S3,
    location: string,
    private readonly options: StagingOptions,
  ) {
    this.prefix = addressOf(location);
  }

  stop(error: unknown): void {
    this.s3.stop(error);
  }

  /** Objects of the groups that are staged, by the groups' names. */
  async find(): Promise<Map<string, Part>> {
    const found = new Map<string, Part>();
    for await (const { key, etag, size } of this.s3.list(this.prefix.bucket, this.prefix.key)) {
      const [, name] = /^([^/]+)\.csv$/.exec(key.slice(this.prefix.key.length)) ?? [];
      if (name !== undefined) found.set(name, this.plainPart(name, { etag, size }));
    }
    return found;
  }

  /** Writes the lines of a group's parts as one object. Its tally is written first: wherever there are lines, there is a tally. */
  async stage(group: PartGroup): Promise<Part> {
    return this.plainPart(group.name, await writeObject(this.s3, this.address(`${group.name}.csv`), this.linesOf(group), this.pool));
  }

  /** Counts of groups that are staged. @throws Error named TooManyIds */
  async count(groups: readonly PartGroup[]): Promise<Counts> {
    const all = new Tally();
    for (const { name } of groups) {
      const { bucket, key } = this.address(`${name}.json`);
      all.addEncoded((await this.s3.read(`s3://${bucket}/${key}`)).bytes);
    }
    return all.counts();
  }

  private async *linesOf({ name, parts }: PartGroup): AsyncGenerator<Buffer> {
    const { header, columns, counted } = this.options;
    const tally = new Tally();
    for (const part of parts) {
      const rewriter = makeRewriter(header);
      const count = counted ? makeRowCounter(columns, part.uri, () => rewriter.headerLines(), tally) : () => {};
      const lines = (chunks: Buffer[]) => {
        chunks.forEach(count);
        return chunks;
      };
      const stored = readRanges(this.s3, rangesOf(part));
      for await (const chunk of part.compressed && part.size > 0 ? inflate(part.uri, stored) : stored) yield* lines(rewriter.push(chunk));
      yield* lines(rewriter.end());
    }
    if (counted) await putObject(this.s3, this.address(`${name}.json`), tally.encode());
  }

  private address(name: string): Address {
    return { bucket: this.prefix.bucket, key: `${this.prefix.key}${name}` };
  }

  private plainPart(name: string, { etag, size }: Written): Part {
    const { bucket, key } = this.address(`${name}.csv`);
    return { uri: `s3://${bucket}/${key}`, bucket, key, etag, size, compressed: false, start: 0, rewritten: false, closed: true };
  }
}
