import { createHash } from "node:crypto";
import type { Part } from "../part";

/** Parts that follow each other and are rewritten into one plain object. */
export interface Unit {
  parts: Part[];
  /** As stored. */
  bytes: number;
  /** Tells its content: the same parts make the same unit, in a later invocation too. */
  name: string;
}

/** Stored bytes of a unit that is made of several parts. Its object, several times larger, is worth copying; little is lost with it. */
const UNIT_BYTES = 16 * 1024 ** 2;

/**
 * Groups the parts that cannot be taken as they are.
 *
 * @param way what decides, beside the parts, how they are rewritten
 * @returns units, and the other parts, in order
 */
export function unitsOf(parts: readonly Part[], way: readonly unknown[]): (Part | Unit)[] {
  const grouped: (Part | Unit)[] = [];
  let open: Unit | undefined;
  for (const part of parts) {
    if (!part.rewritten) {
      open = undefined;
      grouped.push(part);
    } else if (open && open.bytes + part.size <= UNIT_BYTES) {
      open.parts.push(part);
      open.bytes += part.size;
    } else {
      open = { parts: [part], bytes: part.size, name: "" };
      grouped.push(open);
    }
  }
  for (const unit of grouped) if (isUnit(unit)) unit.name = nameOf(unit, way);
  return grouped;
}

export function isUnit(one: Part | Unit): one is Unit {
  return "parts" in one;
}

function nameOf({ parts }: Unit, way: readonly unknown[]): string {
  const content = JSON.stringify([...way, ...parts.map(({ uri, etag }) => [uri, etag])]);
  return createHash("sha256").update(content).digest("hex").slice(0, 32);
}
