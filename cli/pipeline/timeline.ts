import type { HistoryEvent } from "@aws-sdk/client-sfn";

/** Takes the states of an execution as they pass. */
export interface OnState {
  entered?: (state: string) => void;
  /** @param seconds how long this visit took */
  left?: (state: string, seconds: number) => void;
}

/**
 * The states that an execution has passed, from its history.
 * One state is worked in at a time: neither a Parallel nor a Map state is known.
 */
export class Timeline {
  private open: { state: string; since: number } | undefined;
  private readonly milliseconds = new Map<string, number>();
  private last = 0;

  constructor(private readonly onState: OnState = {}) {}

  /** Id of the last event that was added; 0 before the first. */
  get lastId(): number {
    return this.last;
  }

  /** The state that is worked in. */
  get state(): string | undefined {
    return this.open?.state;
  }

  /** Seconds by state, in the order of their first visits; all visits of a state together. */
  get seconds(): Record<string, number> {
    return Object.fromEntries([...this.milliseconds].map(([state, ms]) => [state, ms / 1000]));
  }

  /** @param events the next ones, oldest first */
  add(events: readonly HistoryEvent[]): void {
    for (const { id = 0, timestamp, stateEnteredEventDetails, stateExitedEventDetails } of events) {
      const at = timestamp?.getTime() ?? 0;
      if (stateEnteredEventDetails?.name !== undefined) this.enter(stateEnteredEventDetails.name, at);
      else if (stateExitedEventDetails !== undefined) this.leave(at);
      this.last = id;
    }
  }

  /** The execution has ended: a Fail state is never left. */
  end(at: Date): void {
    this.leave(at.getTime());
  }

  private enter(state: string, at: number): void {
    this.leave(at);
    this.open = { state, since: at };
    this.onState.entered?.(state);
  }

  private leave(at: number): void {
    if (this.open === undefined) return;
    const { state, since } = this.open;
    const took = Math.max(0, at - since);
    this.open = undefined;
    this.milliseconds.set(state, (this.milliseconds.get(state) ?? 0) + took);
    this.onState.left?.(state, took / 1000);
  }
}
