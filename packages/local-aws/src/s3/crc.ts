import * as zlib from "node:zlib";

/** Reversed polynomials. CRC64NVME: https://nvmexpress.org/specifications (NVM command set, 64b CRC) */
const POLYNOMIALS = { CRC32: 0xedb88320n, CRC32C: 0x82f63b78n, CRC64NVME: 0x9a6c9329ac4bc9b5n };
const BITS = { CRC32: 32n, CRC32C: 32n, CRC64NVME: 64n };

/** CRCs, whose values for two runs of bytes can be combined. */
export type CrcAlgorithm = keyof typeof POLYNOMIALS;

/** Continues a 32-bit CRC. */
type Update = (bytes: Buffer, crc: number) => number;

const crc32c = tableUpdate(Number(POLYNOMIALS.CRC32C));
const crc32: Update = (zlib as { crc32?: Update }).crc32 ?? tableUpdate(Number(POLYNOMIALS.CRC32));

/** A CRC over bytes that come in pieces. */
export class Crc {
  private value = 0;
  private high = 0xffffffff;
  private low = 0xffffffff;

  constructor(private readonly algorithm: CrcAlgorithm) {}

  update(bytes: Buffer): void {
    if (this.algorithm === "CRC32") this.value = crc32(bytes, this.value);
    else if (this.algorithm === "CRC32C") this.value = crc32c(bytes, this.value);
    else this.update64(bytes);
  }

  /** Big-endian bytes, as S3 encodes them. */
  digest(): Buffer {
    if (this.algorithm !== "CRC64NVME") return toBytes(BigInt(this.value >>> 0), this.algorithm);
    return toBytes((BigInt(~this.high >>> 0) << 32n) | BigInt(~this.low >>> 0), this.algorithm);
  }

  private update64(bytes: Buffer): void {
    const { highs, lows } = table64();
    let { high, low } = this;
    for (const byte of bytes) {
      const entry = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ lows[entry];
      high = (high >>> 8) ^ highs[entry];
    }
    this.high = high;
    this.low = low;
  }
}

/**
 * The CRC of two runs of bytes from the CRC of each: the first is moved over the second's length,
 * which multiplies it by x^(8 length) modulo the polynomial.
 *
 * @param length bytes of the second run
 */
export function combineCrc(algorithm: CrcAlgorithm, first: Buffer, second: Buffer, length: number): Buffer {
  const top = 1n << (BITS[algorithm] - 1n);
  let power = top >> 8n;
  let shift = top;
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(algorithm, shift, power);
    power = multiply(algorithm, power, power);
  }
  return toBytes(multiply(algorithm, toInteger(first), shift) ^ toInteger(second), algorithm);
}

/** Product of two polynomials whose highest bit stands for x^0. */
function multiply(algorithm: CrcAlgorithm, a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let bit = 1n << (BITS[algorithm] - 1n), factor = b; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ POLYNOMIALS[algorithm] : factor >> 1n;
  }
  return product;
}

const toInteger = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString("hex")}`);

const toBytes = (value: bigint, algorithm: CrcAlgorithm): Buffer =>
  Buffer.from(value.toString(16).padStart(Number(BITS[algorithm]) / 4, "0"), "hex");

/** Eight bytes at a time, each with a table of its own. */
function tableUpdate(polynomial: number): Update {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let i = 0; i < 256; i += 1) {
    let crc = i;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[0][i] = crc;
  }
  for (let k = 1; k < 8; k += 1) {
    for (let i = 0; i < 256; i += 1) tables[k][i] = (tables[k - 1][i] >>> 8) ^ tables[0][tables[k - 1][i] & 0xff];
  }
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  return (b, start) => {
    let crc = ~start;
    let i = 0;
    for (const end = b.length - 7; i < end; i += 8) {
      const x = crc ^ (b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24));
      crc = t7[x & 0xff] ^ t6[(x >>> 8) & 0xff] ^ t5[(x >>> 16) & 0xff] ^ t4[x >>> 24];
      crc ^= t3[b[i + 4]] ^ t2[b[i + 5]] ^ t1[b[i + 6]] ^ t0[b[i + 7]];
    }
    for (; i < b.length; i += 1) crc = (crc >>> 8) ^ t0[(crc ^ b[i]) & 0xff];
    return ~crc >>> 0;
  };
}

let tables64: { highs: Uint32Array; lows: Uint32Array } | undefined;

function table64(): { highs: Uint32Array; lows: Uint32Array } {
  if (tables64) return tables64;
  tables64 = { highs: new Uint32Array(256), lows: new Uint32Array(256) };
  for (let i = 0; i < 256; i += 1) {
    let crc = BigInt(i);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIALS.CRC64NVME : crc >> 1n;
    tables64.highs[i] = Number(crc >> 32n);
    tables64.lows[i] = Number(crc & 0xffffffffn);
  }
  return tables64;
}
