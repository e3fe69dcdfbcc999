const DAY_MS = 86_400_000;

/** A time zone: what its clocks show, and when they show it. Times of clocks are written as if they were UTC. */
export class TimeZone {
  private readonly format: Intl.DateTimeFormat;

  /**
   * @param name as the IANA names it
   * @throws RangeError when there is none of this name
   */
  constructor(name: string) {
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** What the clocks show at an instant (epoch milliseconds, whole seconds). */
  clocks(instant: number): number {
    const parts = this.format.formatToParts(instant);
    const [year, month, day, hour, minute, second] = ["year", "month", "day", "hour", "minute", "second"].map((type) =>
      Number(parts.find((part) => part.type === type)?.value),
    );
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** The first instant at which the clocks show a time; undefined: they leave it out. */
  instant(clocks: number): number | undefined {
    const candidates = [clocks - DAY_MS, clocks + DAY_MS].map((near) => clocks - (this.clocks(near) - near));
    return candidates.sort((a, b) => a - b).find((candidate) => this.clocks(candidate) === clocks);
  }
}
