import type { RollbackPlan, RollbackTarget } from "./aws/rollback";
import { type Command, type CommandContext, parseFlags, runAsProcess, UsageError } from "./shared/command";

/** Options of `npm run rollback`. */
export interface RollbackOptions {
  /** Stack whose campaign to roll back. */
  stack: string;
  /** Tenant whose campaign to roll back. @default the stack's only one */
  tenant?: string;
  /** ARN of the solution version to go back to. @default the one that served before */
  version?: string;
  /** Goes back without asking. @default false */
  yes: boolean;
}

const NAME = "npm run rollback";
const USAGE = `Usage: ${NAME} -- --stack NAME [flags]
Lets the campaign serve the solution version that it served before, and the pipeline compare new versions with that one.
  --stack NAME      stack on AWS, or "local": the local cloud that npm start -- --keep has started
  --tenant NAME     tenant whose campaign to roll back (default: the stack's only one)
  --version ARN     solution version to go back to (default: the one that served before)
  --yes             go back without asking
  --help            show this text`;

const FLAGS = {
  stack: { type: "string" },
  tenant: { type: "string" },
  version: { type: "string" },
  yes: { type: "boolean", default: false },
} as const;

const VERSION_ARN = /^arn:[^:]+:personalize:[^:]+:\d{12}:solution\/[^/]+\/[^/]+$/;

function readFlags(args: string[]): RollbackOptions | "help" {
  const values = parseFlags(args, FLAGS, NAME);
  if (values === undefined) return "help";
  const { stack, tenant, version, yes } = values;
  if (stack === undefined) throw new UsageError(`--stack NAME is needed; ${NAME} -- --help lists the flags`);
  if (version !== undefined && !VERSION_ARN.test(version)) {
    throw new UsageError(`--version must be the ARN of a solution version, got ${JSON.stringify(version)}`);
  }
  return { stack, tenant, version, yes };
}

/** How often to look at a campaign that is being updated; AWS limits the rate of calls. */
const POLL_MS = { local: 100, aws: 10_000 };

async function run(options: RollbackOptions, context: CommandContext): Promise<number> {
  const { print, printError, signal } = context;
  const { goBack, keepServed, planRollback } = await import("./aws/rollback");
  const target = await findTarget(options, context);
  const plan = await planRollback(options.version, target);
  const { from, to } = plan;
  if (from.arn === to.arn) {
    print(`The campaign serves ${to.arn} already.`);
    const done = plan.isAccepted ? `That finishes ${plan.runId}. Run ${NAME} again to go further back.` : "It is the accepted version now.";
    if (await keepServed(plan, target)) print(done);
    return 0;
  }
  for (const line of planLines(plan, target)) print(line);
  if (!options.yes && !(await isConfirmed(context))) {
    printError(`${NAME}: canceled, nothing was changed`);
    return 1;
  }
  try {
    await goBack(plan, target);
  } finally {
    const between = `The campaign serves ${from.arn} until its update has ended, if it has begun, then ${to.arn}`;
    if (signal.aborted) printError(`${between}. Run ${NAME} again to finish.`);
  }
  print(`The campaign serves ${to.arn}. The pipeline compares new versions with it.`);
  return 0;
}

/** @throws UsageError when stack or tenant are unknown, Error while the local cloud is being deployed to */
async function findTarget({ stack, tenant }: RollbackOptions, context: CommandContext): Promise<RollbackTarget> {
  const { print, signal } = context;
  const { checkTenant, findStack, withCredentials } = await import("./shared/stack");
  const { PersonalizeClient } = await import("@aws-sdk/client-personalize");
  const { S3Client } = await import("@aws-sdk/client-s3");
  const { SFNClient } = await import("@aws-sdk/client-sfn");
  const { STSClient } = await import("@aws-sdk/client-sts");
  const { findCaller } = await import("./aws/caller");
  const { Decisions } = await import("./aws/decisions");
  const { physicalName } = await import("../components/shared/naming");
  const { arnsOf, tenantContext } = await import("../components/shared/tenantContext");
  const { recommenderResources } = await import("../components/recommender/recommenderResources");
  const { stage, tenants, client, isLocal } = await findStack(stack, context);
  const known = tenants.map(({ name }) => name);
  const name = checkTenant(tenant ?? (known.length === 1 ? known[0] : undefined), known, `stack ${stack}`);
  const { buckets, logRetentionDays, recommender } = tenants[known.indexOf(name)];
  const caller = await withCredentials(stack, () => findCaller(new STSClient(client), client.region, signal));
  const owner = tenantContext({ ...caller.where, tenant: name, stage, buckets, logRetentionDays });
  const { datasetGroupArn, gate } = recommenderResources({ ...recommender, context: owner });
  return {
    personalize: new PersonalizeClient(client),
    sfn: new SFNClient(client),
    decisions: new Decisions(new S3Client(client), buckets.lake, owner.keyPrefix, signal),
    owner,
    datasetGroupArn,
    campaignArn: arnsOf(owner).campaign(physicalName("campaign", owner, "campaign")),
    hasCampaign: recommender.campaign,
    metric: gate.metric,
    callerArn: caller.arn,
    pollMs: isLocal ? POLL_MS.local : POLL_MS.aws,
    signal,
    print,
  };
}

async function isConfirmed({ ask, signal }: CommandContext): Promise<boolean> {
  if (ask === undefined) throw new UsageError("--yes is needed without a terminal to ask on; nothing was changed");
  return (await ask('Go back to this version? Type "yes" to go back: ', signal)).trim() === "yes";
}

const METRIC_WIDTH = 45;

/** Both versions and their metrics, first the one that versions are compared by. */
function planLines({ from, to, why, isAccepted, accepted }: RollbackPlan, { campaignArn, metric }: RollbackTarget): string[] {
  const others = Object.keys({ ...from.metrics, ...to.metrics }).filter((name) => name !== metric);
  const figure = (value: number | undefined) => (value === undefined ? "none" : value.toFixed(4)).padStart(10);
  const isPending = accepted !== undefined && !isAccepted && accepted.solutionVersionArn !== from.arn;
  return [
    `The campaign ${campaignArn}`,
    `  serves        ${from.arn}, trained ${from.createdAt.toISOString()}`,
    ...(isPending ? [`  was to serve  ${accepted.solutionVersionArn}, accepted by ${accepted.runId}`] : []),
    `  goes back to  ${to.arn}, trained ${to.createdAt.toISOString()} (${why})`,
    `  ${"metric".padEnd(METRIC_WIDTH)}${"now".padStart(10)}${"then".padStart(10)}`,
    ...[metric, ...others.sort()].map((name) => `  ${name.padEnd(METRIC_WIDTH)}${figure(from.metrics[name])}${figure(to.metrics[name])}`),
  ];
}

/** `npm run rollback`: lets the campaign serve the version that it served before. */
export const rollback: Command<RollbackOptions> = { name: NAME, usage: USAGE, readFlags, run };

if (require.main === module) runAsProcess(rollback);
