import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of tests/contracts/history.json; its README explains the members. */
interface ContractFile {
  name: string;
  content: Buffer;
  columns?: Record<string, string>;
  rows?: [user: string, item: string, timestamp: number, eventType: string][];
  leftOut: number;
  problem?: string;
}

type StoredFile = Partial<ContractFile> & { name: string; text?: string; base64?: string };

const { times, files } = JSON.parse(readFileSync(join(__dirname, "../contracts/history.json"), "utf8")) as {
  times: [text: string, seconds: number | null][];
  files: StoredFile[];
};

/** Times as a history file has them, with the epoch seconds that they mean; null for a bad time. */
export const HISTORY_TIMES = times;

/** History files, with their rows or what is wrong with them. */
export const HISTORY_FILES: ContractFile[] = files.map(({ text, base64, leftOut = 0, ...rest }) => ({
  ...rest,
  leftOut,
  content: base64 === undefined ? Buffer.from(text ?? "") : Buffer.from(base64, "base64"),
}));
