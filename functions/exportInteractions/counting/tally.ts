import { failure } from "../../shared/failure";
import { makeIdSet, type IdSet } from "./idSet";

/** Of what `encodeTally` writes: rises when the layout or the ids' hash changes. */
const VERSION = 1;
/** Version, users and items of 4 bytes each, rows of 8; then the users' hashes and the items', 8 bytes each; all of them little-endian. */
const HEAD_BYTES = 20;

/** Rows that were counted, and whose they are. */
export interface Tally {
  rows: number;
  users: IdSet;
  items: IdSet;
}

/** What a tally comes to. */
export interface TallyCounts {
  rows: number;
  users: number;
  items: number;
  /** Users of two rows or more. */
  repeatUsers: number;
}

export function makeTally(): Tally {
  return { rows: 0, users: makeIdSet("users"), items: makeIdSet("items") };
}

export function countsOf({ rows, users, items }: Tally): TallyCounts {
  return { rows, users: users.size(), items: items.size(), repeatUsers: users.repeated() };
}

/** A tally as bytes, for `addEncoded`. */
export function encodeTally({ rows, users, items }: Tally): Buffer {
  const encoded = Buffer.allocUnsafe(HEAD_BYTES + users.encodedBytes() + items.encodedBytes());
  encoded.writeUInt32LE(VERSION, 0);
  encoded.writeUInt32LE(users.size(), 4);
  encoded.writeUInt32LE(items.size(), 8);
  encoded.writeDoubleLE(rows, 12);
  users.encode(encoded, HEAD_BYTES);
  items.encode(encoded, HEAD_BYTES + users.encodedBytes());
  return encoded;
}

/**
 * Adds what was counted elsewhere, of other rows.
 *
 * @throws Error named BadTally for bytes that `encodeTally` of this version did not write; TooManyIds
 */
export function addEncoded(tally: Tally, encoded: Buffer): void {
  const version = encoded.length < HEAD_BYTES ? "none" : encoded.readUInt32LE(0);
  if (version !== VERSION) throw failure("BadTally", `A tally's version must be ${VERSION}, got ${version}`);
  const [users, items] = [encoded.readUInt32LE(4), encoded.readUInt32LE(8)];
  const bytes = HEAD_BYTES + 8 * (users + items);
  if (encoded.length !== bytes)
    throw failure("BadTally", `A tally of ${users} users and ${items} items must be ${bytes} bytes, got ${encoded.length}`);
  tally.rows += encoded.readDoubleLE(12);
  tally.users.addEncoded(encoded, HEAD_BYTES, users);
  tally.items.addEncoded(encoded, HEAD_BYTES + 8 * users, items);
}
