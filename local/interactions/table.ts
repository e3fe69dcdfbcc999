/** An interaction. Ids stay strings. */
export interface Interaction {
  userId: string;
  itemId: string;
  /** Epoch seconds. */
  timestamp: number;
  eventType: string;
}

/** Interactions in columns that hold each distinct string once: about 20 bytes per row, so that millions fit in memory. */
export class InteractionTable {
  private readonly users = new Dictionary();
  private readonly items = new Dictionary();
  private readonly types = new Dictionary();
  private capacity = 1024;
  private user = new Uint32Array(this.capacity);
  private item = new Uint32Array(this.capacity);
  private type = new Uint32Array(this.capacity);
  private time = new Float64Array(this.capacity);
  private rows = 0;

  /** Number of rows. */
  get length(): number {
    return this.rows;
  }

  /** Number of distinct users. User indexes are below it. */
  get userCount(): number {
    return this.users.values.length;
  }

  add(row: Interaction): void {
    if (this.rows === this.capacity) this.grow();
    this.user[this.rows] = this.users.index(row.userId);
    this.item[this.rows] = this.items.index(row.itemId);
    this.type[this.rows] = this.types.index(row.eventType);
    this.time[this.rows] = row.timestamp;
    this.rows += 1;
  }

  /** @throws RangeError for a row that does not exist */
  row(index: number): Interaction {
    if (index < 0 || index >= this.rows) throw new RangeError(`row must be below ${this.rows}, got ${index}`);
    return {
      userId: this.users.values[this.user[index]],
      itemId: this.items.values[this.item[index]],
      timestamp: this.time[index],
      eventType: this.types.values[this.type[index]],
    };
  }

  /** Epoch seconds of a row. */
  timestamp(index: number): number {
    return this.time[index];
  }

  /** Index of a row's user, the same for all rows of one user. */
  userIndex(index: number): number {
    return this.user[index];
  }

  private grow(): void {
    this.capacity *= 2;
    this.user = enlarge(this.user, new Uint32Array(this.capacity));
    this.item = enlarge(this.item, new Uint32Array(this.capacity));
    this.type = enlarge(this.type, new Uint32Array(this.capacity));
    this.time = enlarge(this.time, new Float64Array(this.capacity));
  }
}

class Dictionary {
  readonly values: string[] = [];
  private readonly indexes = new Map<string, number>();

  index(value: string): number {
    const known = this.indexes.get(value);
    if (known !== undefined) return known;
    this.indexes.set(value, this.values.length);
    return this.values.push(value) - 1;
  }
}

function enlarge<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/**
 * Encodes rows as a history file: CSV (RFC 4180) with a header.
 *
 * @param rows row indexes
 */
export function encodeCsv(table: InteractionTable, rows: Uint32Array): Buffer {
  const lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"];
  for (const index of rows) {
    const { userId, itemId, timestamp, eventType } = table.row(index);
    lines.push(`${csvCell(userId)},${csvCell(itemId)},${timestamp},${csvCell(eventType)}`);
  }
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** Encodes a cell (RFC 4180), in quotes only where a comma or a quote demands them. */
export function csvCell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
