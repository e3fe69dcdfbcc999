import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A line of tests/contracts/events.ndjson; its README explains the members. */
export interface ContractLine {
  name: string;
  arrived: number;
  /** The record's payload. */
  payload: Buffer;
  forwarded: {
    userRecord?: number;
    line?: number;
    index: number;
    userId?: string;
    sessionId: string;
    event: { itemId?: string; sentAt: number; eventType: string };
  }[];
  reason?: string;
  events?: number[];
  lines?: { userRecord?: number; line?: number; reason: string; events?: number[] }[];
  leftOut?: string[];
  /** What Firehose writes. */
  delivered: Buffer[];
}

/** All lines of the contract for events. */
export const CONTRACT: ContractLine[] = readFileSync(join(__dirname, "../contracts/events.ndjson"), "utf8")
  .trimEnd()
  .split("\n")
  .map((text) => {
    const { text: plain = "", base64, delivered, ...line } = JSON.parse(text) as Omit<ContractLine, "payload" | "delivered"> & Written;
    const payload = base64 === undefined ? Buffer.from(plain) : Buffer.from(base64, "base64");
    return { ...line, payload, delivered: delivered?.map((one) => Buffer.from(one)) ?? [payload] };
  });

/** How the bytes of a line are written. */
interface Written {
  text?: string;
  base64?: string;
  delivered?: string[];
}
