import { randomUUID } from "node:crypto";
import { autoName } from "../autoName";
import { ServiceError, type Cloud, type Json, type Principal, type Worker } from "../service";
import { readExpression, type Next } from "./expression";
import { settingsOf, WORDS, type Settings } from "./settings";

const LOG = "schedules";
/** Waits between attempts in milliseconds: they double up to the longest. */
const BACKOFF = { first: 1000, longest: 600_000 };

/** A start that is due. */
interface Due {
  schedule: Schedule;
  /** Epoch milliseconds of the schedule, not of the attempt. */
  at: number;
  id: string;
  attempts: number;
  /** Epoch milliseconds of the next attempt. */
  next: number;
}

/** A schedule and its next time. */
export interface Schedule {
  settings: Settings;
  arn: string;
  createdAt: number;
  next?: number;
  times: Next;
}

/** The schedules of an account and the worker that starts what is due, in real time. */
export class Schedules implements Worker {
  readonly name = "scheduler";
  private readonly schedules = new Map<string, Schedule>();
  private readonly principals = new Map<string, Principal>();
  private readonly store;
  private due: Due[] = [];
  private timer?: NodeJS.Timeout;
  private working: Promise<void> = Promise.resolve();

  /** @param pollMs real milliseconds between two looks at the clock */
  constructor(
    private readonly cloud: Cloud,
    private readonly pollMs: number,
  ) {
    this.store = cloud.store("scheduler");
  }

  /** @throws ServiceError ConflictException, or AccessDenied when the target's role does not trust the scheduler */
  async create(inputs: Json, urn: string): Promise<Schedule> {
    const settings = settingsOf({ ...inputs, name: inputs.name ?? autoName(urn) });
    if (this.schedules.has(settings.name)) throw new ServiceError("ConflictException", `Schedule ${settings.name} already exists.`, 409);
    this.role(settings);
    const schedule = this.add(settings, this.cloud.clock.now());
    await this.store.append(LOG, { settings, createdAt: schedule.createdAt });
    return schedule;
  }

  /** @throws ServiceError ResourceNotFoundException */
  find(name: string): Schedule {
    const found = this.schedules.get(name);
    if (!found) throw new ServiceError("ResourceNotFoundException", `Schedule ${name} does not exist.`, 404);
    return found;
  }

  arn({ groupName, name }: { groupName: string; name: string }): string {
    return `arn:aws:scheduler:${this.cloud.region}:${this.cloud.account}:schedule/${groupName}/${name}`;
  }

  /** What was due while there was no cloud is not made up for. */
  async restore(): Promise<void> {
    for await (const { settings, createdAt } of this.store.replay(LOG)) {
      const schedule = this.add(settings as Settings, createdAt as number);
      schedule.next = schedule.times(this.cloud.clock.now());
    }
  }

  start(): void {
    this.timer = setInterval(() => {
      this.working = this.working.then(() => this.look());
    }, this.pollMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.working;
  }

  /** Nothing ever waits for a schedule. */
  pending(): number {
    return 0;
  }

  private add(settings: Settings, createdAt: number): Schedule {
    const { scheduleExpression, scheduleExpressionTimezone } = settings;
    const times = readExpression(scheduleExpression, scheduleExpressionTimezone, createdAt);
    const schedule = { settings, arn: this.arn(settings), createdAt, times, next: times(createdAt - 1) };
    this.schedules.set(settings.name, schedule);
    return schedule;
  }

  private async look(): Promise<void> {
    const now = this.cloud.clock.now();
    for (const schedule of this.schedules.values()) {
      for (; schedule.next !== undefined && schedule.next <= now; schedule.next = schedule.times(schedule.next)) {
        const due = { schedule, at: schedule.next, id: randomUUID(), attempts: 0, next: now };
        if (schedule.settings.state === "ENABLED") this.due.push(due);
      }
    }
    const ready = this.due.filter(({ next }) => next <= now);
    const again = await Promise.all(ready.map((due) => this.attempt(due)));
    this.due = [...this.due.filter(({ next }) => next > now), ...again.flat()];
  }

  /** Starts the target; what must be tried again comes back. */
  private async attempt(due: Due): Promise<Due[]> {
    const { settings } = due.schedule;
    const { arn: stateMachineArn, input = "{}", retryPolicy } = settings.target;
    try {
      await this.cloud.call(this.role(settings), "states", "StartExecution", { stateMachineArn, input: filled(input, due) });
      return [];
    } catch (error) {
      const attempts = due.attempts + 1;
      const next = this.cloud.clock.now() + Math.min(BACKOFF.first * 2 ** due.attempts, BACKOFF.longest);
      const tooOld = next - due.at > retryPolicy.maximumEventAgeInSeconds * 1000;
      if (passes(error) && attempts <= retryPolicy.maximumRetryAttempts && !tooOld) return [{ ...due, attempts, next }];
      process.emitWarning(`Schedule "${settings.name}": the start of ${timeText(due.at)} failed ${attempts} times: ${String(error)}`);
      return [];
    }
  }

  /** The scheduler names the schedule's group as the source of its calls. */
  private role({ groupName, target: { roleArn } }: Settings): Principal {
    const { region, account } = this.cloud;
    const group = `arn:aws:scheduler:${region}:${account}:schedule-group/${groupName}`;
    const known = this.principals.get(roleArn) ?? this.cloud.assume(roleArn, "scheduler.amazonaws.com", { "aws:SourceArn": group });
    this.principals.set(roleArn, known);
    return known;
  }
}

/** Only errors that may pass are tried again. */
function passes(error: unknown): boolean {
  return (
    error instanceof ServiceError && (error.status === 429 || (error.status >= 500 && error.status !== 501) || /Throttl/.test(error.code))
  );
}

function filled(input: string, { at, id }: Due): string {
  const [time, execution] = WORDS;
  return input.replaceAll(time, timeText(at)).replaceAll(execution, id);
}

const timeText = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
