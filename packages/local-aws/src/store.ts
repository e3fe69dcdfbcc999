import { appendFileSync, createReadStream, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Json, Store } from "./service";

/**
 * Opens a service's state below a folder; files and folders appear at first use.
 *
 * @param folder absolute path
 */
export function openStore(folder: string): Store {
  const logs = new Map<string, AppendLog>();
  const log = (name: string): AppendLog => {
    const known = logs.get(name) ?? new AppendLog(join(folder, `${name}.ndjson`));
    logs.set(name, known);
    return known;
  };
  return {
    append: (name, entry) => log(name).append(entry),
    replay: (name) => log(name).replay(),
    get folder() {
      mkdirSync(folder, { recursive: true });
      return folder;
    },
  };
}

/** One NDJSON file. Entries of one iteration of the event loop are written together and synchronously, which takes less CPU than asynchronous writes. */
export class AppendLog {
  private lines: string[] = [];
  private written?: Promise<void>;

  constructor(private readonly file: string) {}

  /** Resolves when the entry is in the file. */
  append(entry: Json): Promise<void> {
    this.lines.push(`${JSON.stringify(entry)}\n`);
    this.written ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.write());
    return this.written;
  }

  private write(): void {
    const text = this.lines.join("");
    this.lines = [];
    this.written = undefined;
    mkdirSync(dirname(this.file), { recursive: true });
    appendFileSync(this.file, text);
  }

  /**
   * The entries in order. A last line without its newline was never acknowledged and is left out.
   *
   * @throws Error naming file and line when a line is not JSON
   */
  async *replay(): AsyncGenerator<Json> {
    if (!existsSync(this.file)) return;
    let number = 0;
    let line: string | undefined;
    for await (const following of createInterface({ input: createReadStream(this.file), crlfDelay: Infinity })) {
      if (line !== undefined) yield this.parse(line, number);
      line = following;
      number += 1;
    }
    if (line !== undefined && (await endsWithNewline(this.file))) yield this.parse(line, number);
  }

  private parse(line: string, number: number): Json {
    try {
      return JSON.parse(line) as Json;
    } catch {
      throw new Error(`${this.file}:${number} must be one JSON object a line`);
    }
  }
}

async function endsWithNewline(file: string): Promise<boolean> {
  let last = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) last = chunk[chunk.length - 1];
  return last === 0x0a;
}
