/** Spreads requests so that neither records nor bytes pass a rate; time that was not used is not made up for. */
export class Pacer {
  private free = -Infinity;

  /**
   * @param recordsPerSecond above 0
   * @param bytesPerSecond above 0
   */
  constructor(
    private readonly recordsPerSecond: number,
    private readonly bytesPerSecond: number,
  ) {}

  /**
   * Books a request.
   *
   * @param nowMs milliseconds of a clock that never goes back
   * @returns milliseconds to wait before it is sent
   */
  delay(records: number, bytes: number, nowMs: number): number {
    const start = Math.max(this.free, nowMs);
    this.free = start + 1000 * Math.max(records / this.recordsPerSecond, bytes / this.bytesPerSecond);
    return start - nowMs;
  }
}
