import { isUtf8 } from "node:buffer";
import { failure } from "../shared/lambda";

const LF = 10;
/** A line that is longer is checked before its end is known: no good row is as long. */
const MOST_LINE_BYTES = 1024 ** 2;
/** Longest id of Personalize: https://docs.aws.amazon.com/personalize/latest/dg/interactions-datasets.html */
const MOST_ID_CHARACTERS = 256;
/** What the function's memory holds twice over, for two groups of parts are counted at a time. */
const MOST_MEMORY_BYTES = 192 * 1024 ** 2;
/** What V8 needs for an id in a set beside its characters. */
const ID_BYTES = 64;

const TEXT_RULE = `of 1 to ${MOST_ID_CHARACTERS} characters without control characters`;
const VALUE_RULE = 'that is no word for "no value"';
const RULES = [
  { column: "USER_ID", rule: TEXT_RULE, holds: isText },
  { column: "USER_ID", rule: VALUE_RULE, holds: isValue },
  { column: "ITEM_ID", rule: TEXT_RULE, holds: isText },
  { column: "ITEM_ID", rule: VALUE_RULE, holds: isValue },
  { column: "TIMESTAMP", rule: "in whole seconds from 1 to 99999999999, not in milliseconds", holds: isTimestamp },
  { column: "EVENT_TYPE", rule: TEXT_RULE, holds: isText },
];
const CONTROL = /\p{Cc}/u;
/** What databases and data frames write for an id that is missing. */
const NO_VALUES = new Set(["\\N", "null", "NULL", "None", "undefined", "nan", "NaN", "<NA>"]);
const SECONDS = /^0*[1-9][0-9]{0,10}$/;
const MOST_DIGITS = 15;
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|$)/y;

/** What was counted. */
export interface Counts {
  rows: number;
  users: number;
  items: number;
  /** Users with 2 or more rows. */
  repeatUsers: number;
  eventTypes: number;
}

/** Counts rows and their distinct ids and event types, which it holds in memory. */
export class Tally {
  private rows = 0;
  private bytes = 0;
  /** Whether the user has 2 or more rows. */
  private readonly users = new Map<string, boolean>();
  private readonly items = new Set<string>();
  private readonly eventTypes = new Set<string>();

  /** @param mostBytes of memory for ids */
  constructor(private readonly mostBytes = MOST_MEMORY_BYTES) {}

  /** @throws Error named TooManyIds when the ids need too much memory */
  add(user: string, item: string, eventType?: string): void {
    this.rows += 1;
    this.addUser(user, false);
    this.addTo(this.items, item);
    if (eventType !== undefined) this.addTo(this.eventTypes, eventType);
  }

  /** Adds what another tally encoded. @throws Error named TooManyIds */
  addEncoded(encoded: Buffer): void {
    const { rows, users, repeatUsers, items, eventTypes } = JSON.parse(encoded.toString()) as Record<string, string[]> & { rows: number };
    this.rows += rows;
    for (const user of users) this.addUser(user, false);
    for (const user of repeatUsers) this.addUser(user, true);
    for (const item of items) this.addTo(this.items, item);
    for (const eventType of eventTypes) this.addTo(this.eventTypes, eventType);
  }

  encode(): Buffer {
    const [users, repeatUsers] = [false, true].map((repeats) => [...this.users.keys()].filter((user) => this.users.get(user) === repeats));
    const { rows, items, eventTypes } = this;
    return Buffer.from(JSON.stringify({ rows, users, repeatUsers, items: [...items], eventTypes: [...eventTypes] }));
  }

  counts(): Counts {
    let repeatUsers = 0;
    for (const repeats of this.users.values()) if (repeats) repeatUsers += 1;
    return { rows: this.rows, users: this.users.size, items: this.items.size, repeatUsers, eventTypes: this.eventTypes.size };
  }

  private addUser(user: string, repeats: boolean): void {
    const known = this.users.get(user);
    if (known === undefined) this.users.set(this.kept(user), repeats);
    else if (!known) this.users.set(user, true);
  }

  private addTo(values: Set<string>, value: string): void {
    if (!values.has(value)) values.add(this.kept(value));
  }

  /** A copy of an id, because V8 keeps the whole text that a substring was taken from. */
  private kept(id: string): string {
    const bytes = Buffer.from(id);
    this.bytes += ID_BYTES + bytes.length;
    if (this.bytes <= this.mostBytes) return bytes.toString();
    const found = `got ${this.users.size} users and ${this.items.size} items so far`;
    throw failure("TooManyIds", `The distinct users and items must fit into ${this.mostBytes} bytes, ${found}: use export.engine glue`);
  }
}

/**
 * Makes a function that checks the rows of one part and adds them to a tally. It takes the part's lines in chunks of any size, keeps no
 * chunk, and throws an Error named BadRow, with the first rule that the first bad row breaks, or TooManyIds.
 *
 * @param uri names the part in errors
 * @param headerLines header lines before the first row: 0 or 1, known when the first chunk is pushed
 */
export function makeRowCounter(columns: readonly string[], uri: string, headerLines: () => number, tally: Tally): (chunk: Buffer) => void {
  const checks = RULES.map((rule) => ({ ...rule, index: columns.indexOf(rule.column) })).filter(({ index }) => index >= 0);
  const [user, item, eventType] = ["USER_ID", "ITEM_ID", "EVENT_TYPE"].map((column) => columns.indexOf(column));
  let begun: Buffer = Buffer.alloc(0);
  let lines = 0;

  const bad = (rule: string, found: unknown) => {
    const shown = [...JSON.stringify(found)].slice(0, 80).join("");
    return failure("BadRow", `Part "${uri}": line ${headerLines() + lines} must ${rule}, got ${shown}`);
  };
  const addRow = (text: string) => {
    const fields = text.includes('"') ? fieldsOf(text) : text.split(",");
    if (!fields) throw bad("be RFC 4180 without line breaks in fields", text);
    if (fields.length !== columns.length) throw bad(`have ${columns.length} fields (${columns.join(",")})`, fields.length);
    for (const { index, column, rule, holds } of checks) {
      if (!holds(fields[index])) throw bad(`have a ${column} ${rule}`, fields[index]);
    }
    tally.add(fields[user], fields[item], eventType < 0 ? undefined : fields[eventType]);
  };
  const addLines = (block: Buffer) => {
    const whole = isUtf8(block);
    for (const line of block.toString(whole ? "utf8" : "latin1").split("\n")) {
      lines += 1;
      const bytes = whole ? undefined : Buffer.from(line, "latin1");
      if (bytes && !isUtf8(bytes)) throw bad("be UTF-8", bytes.toString());
      addRow(bytes ? bytes.toString() : line);
    }
  };

  return (chunk) => {
    const bytes = begun.length > 0 ? Buffer.concat([begun, chunk]) : chunk;
    const end = bytes.lastIndexOf(LF) + 1;
    if (end > 0) addLines(bytes.subarray(0, end - 1));
    begun = Buffer.from(bytes.subarray(end));
    if (begun.length > MOST_LINE_BYTES) addLines(begun);
  };
}

/** Fields without their quotes; undefined if a quote is not closed, or not around a whole field. */
function fieldsOf(text: string): string[] | undefined {
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  for (let found = FIELD.exec(text); found; found = FIELD.exec(text)) {
    const [quoted, plain] = [found[1], found[2]] as (string | undefined)[];
    fields.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (found[3] === "") return fields;
  }
  return undefined;
}

function isText(value: string): boolean {
  if (value === "" || value.length > 2 * MOST_ID_CHARACTERS) return false;
  return (value.length <= MOST_ID_CHARACTERS || [...value].length <= MOST_ID_CHARACTERS) && !CONTROL.test(value);
}

function isValue(value: string): boolean {
  return !NO_VALUES.has(value);
}

function isTimestamp(value: string): boolean {
  return value.length <= MOST_DIGITS && SECONDS.test(value);
}
