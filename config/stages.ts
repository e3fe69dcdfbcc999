import { isPersonal } from "../components/shared/naming";

/** What a stage decides unless its settings say otherwise. */
export interface StageDefaults {
  lake: "create" | "existing";
  /** Whether personal stages share this stage's buckets. */
  shared: boolean;
  /** Whether deletion empties the buckets first. */
  forceDestroy: boolean;
  /** Whether resources that hold data refuse deletion. */
  protect: boolean;
  shards: number;
  retentionHours: number;
  logRetentionDays: number;
  /** When the pipeline runs: `off`, or a schedule expression. */
  schedule: string;
  /** When a run of the pipeline trains. */
  train: "never" | "weekly";
  /** Whether a campaign serves recommendations; it is billed by the hour. */
  campaign: boolean;
  /** Whether a first solution version must beat a baseline, whose training is billed too. */
  requireBaseline: boolean;
}

/** Once a day, after the events of the day before have arrived: delivery buffers them for at most 15 minutes. */
const NIGHTLY = "cron(15 2 * * ? *)";

const SMALL = { shards: 1, retentionHours: 24 };
const KEPT = {
  lake: "create",
  shared: false,
  forceDestroy: false,
  protect: true,
  schedule: NIGHTLY,
  train: "weekly",
  campaign: true,
  requireBaseline: true,
} as const;
const TRIAL = {
  protect: false,
  logRetentionDays: 14,
  schedule: "off",
  train: "never",
  campaign: false,
  requireBaseline: false,
  ...SMALL,
} as const;

const STAGES: Record<string, StageDefaults> = {
  prod: { ...KEPT, shards: 5, retentionHours: 168, logRetentionDays: 90 },
  staging: { ...KEPT, ...SMALL, logRetentionDays: 30 },
  dev: { ...TRIAL, lake: "create", shared: true, forceDestroy: true },
};
const PERSONAL: StageDefaults = { ...TRIAL, lake: "existing", shared: false, forceDestroy: false };

/** Any stage other than prod, staging and dev is a personal stage. */
export function stageDefaults(stage: string): StageDefaults {
  return isPersonal(stage) ? PERSONAL : STAGES[stage];
}
