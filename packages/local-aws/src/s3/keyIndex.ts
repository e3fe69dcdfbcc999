/**
 * Order of UTF-8 bytes, in which S3 lists keys. JavaScript compares UTF-16 units instead, which puts
 * characters beyond U+FFFF (surrogates) before U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates behind all other units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Keys in the order of their UTF-8 bytes. */
export class KeyIndex {
  private readonly keys: string[] = [];

  get size(): number {
    return this.keys.length;
  }

  at(position: number): string {
    return this.keys[position];
  }

  add(key: string): void {
    const position = this.from(key);
    if (this.keys[position] !== key) this.keys.splice(position, 0, key);
  }

  delete(key: string): void {
    const position = this.from(key);
    if (this.keys[position] === key) this.keys.splice(position, 1);
  }

  /** Position of the first key that is not before `key`. */
  from(key: string): number {
    return this.first((other) => compareKeys(other, key) >= 0);
  }

  /** Position of the first key after `key`. */
  after(key: string): number {
    return this.first((other) => compareKeys(other, key) > 0);
  }

  /** Position of the first key behind all that start with `prefix`. */
  behind(prefix: string): number {
    return this.first((other) => !other.startsWith(prefix) && compareKeys(other, prefix) > 0);
  }

  private first(holds: (key: string) => boolean): number {
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.keys[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
