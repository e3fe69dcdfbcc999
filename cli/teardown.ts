import type { IAMClient } from "@aws-sdk/client-iam";
import type { PersonalizeClient } from "@aws-sdk/client-personalize";
import type { SFNClient } from "@aws-sdk/client-sfn";
import type { STSClient } from "@aws-sdk/client-sts";
import type { Owner } from "../components/shared/naming";
import type { PipelineCampaign, PipelineSolution } from "./aws/campaigns";
import { type Command, type CommandContext, parseFlags, runAsProcess, UsageError } from "./shared/command";

/** Options of `npm run teardown`. */
export interface TeardownOptions {
  /** Stack whose campaigns and solutions to delete. */
  stack: string;
  /** Tenant whose campaign and solutions to delete. @default all of the stack */
  tenant?: string;
  /** Deletes without asking. @default false */
  yes: boolean;
}

const NAME = "npm run teardown";
const USAGE = `Usage: ${NAME} -- --stack NAME [flags]
Deletes the campaigns and solutions that the pipeline created, and lists what else would stop pulumi destroy.
Run it before pulumi destroy, and before you remove a tenant.
  --stack NAME      stack on AWS, or "local": the local cloud that npm start -- --keep has started
  --tenant NAME     tenant whose campaign and solutions to delete (default: all of the stack)
  --yes             delete without asking
  --help            show this text`;

const FLAGS = {
  stack: { type: "string" },
  tenant: { type: "string" },
  yes: { type: "boolean", default: false },
} as const;

function readFlags(args: string[]): TeardownOptions | "help" {
  const values = parseFlags(args, FLAGS, NAME);
  if (values === undefined) return "help";
  const { stack, tenant, yes } = values;
  if (stack === undefined) throw new UsageError(`--stack NAME is needed; ${NAME} -- --help lists the flags`);
  return { stack, tenant, yes };
}

/** How often to look at what is being deleted; AWS limits the rate of calls. */
const POLL_MS = { local: 100, aws: 10_000 };

async function run(options: TeardownOptions, context: CommandContext): Promise<number> {
  const { print, printError, signal } = context;
  const { checkForeignCampaigns, deleteResources, findResources } = await import("./aws/campaigns");
  const { blockerLines, findBlockers } = await import("./aws/blockers");
  const { checkIdle } = await import("./aws/stateMachines");
  const { withCredentials } = await import("./shared/stack");
  const target = await findTarget(options, context);
  const found = await withCredentials(options.stack, () => findResources({ ...target, signal }));
  const whose = options.tenant === undefined ? `stack ${options.stack}` : `tenant ${options.tenant} of stack ${options.stack}`;
  const lines = [...found.campaigns.flatMap(campaignLines), ...found.solutions.flatMap(solutionLines)];
  if (lines.length > 0) print(`The pipeline created for ${whose} in ${target.region}:`);
  for (const line of lines) print(line);
  for (const line of blockerLines(await findBlockers({ ...target, signal }), target.region)) print(line);
  checkForeignCampaigns(found);
  await checkIdle(target.sfn, target.owners, signal);
  if (lines.length === 0) {
    print(`There is nothing to delete: no campaign or solution of ${whose} in ${target.region}.`);
    return 0;
  }
  if (!options.yes && !(await isConfirmed(context))) {
    printError(`${NAME}: canceled, nothing was deleted`);
    return 1;
  }
  try {
    await deleteResources(found, { ...target, signal, print });
  } finally {
    if (signal.aborted) printError(`Deletions that have started go on. Run ${NAME} again to delete the rest.`);
  }
  print("Everything is deleted.");
  return 0;
}

/** Where to delete, and whose resources. */
interface Target {
  iam: IAMClient;
  personalize: PersonalizeClient;
  sfn: SFNClient;
  sts: STSClient;
  region: string;
  owners: Owner[];
  /** Milliseconds between two rounds. */
  pollMs: number;
}

/** @throws UsageError when stack or tenant are unknown, Error while the local cloud is being deployed to */
async function findTarget({ stack, tenant }: TeardownOptions, context: CommandContext): Promise<Target> {
  const { checkTenant, findStack } = await import("./shared/stack");
  const { IAMClient } = await import("@aws-sdk/client-iam");
  const { PersonalizeClient } = await import("@aws-sdk/client-personalize");
  const { SFNClient } = await import("@aws-sdk/client-sfn");
  const { STSClient } = await import("@aws-sdk/client-sts");
  const { stage, tenants, client, isLocal } = await findStack(stack, context);
  const known = tenants.map(({ name }) => name);
  const chosen = tenant === undefined ? known : [checkTenant(tenant, known, `stack ${stack}`)];
  return {
    iam: new IAMClient(client),
    personalize: new PersonalizeClient(client),
    sfn: new SFNClient(client),
    sts: new STSClient(client),
    region: client.region,
    owners: chosen.map((name) => ({ tenant: name, stage })),
    pollMs: isLocal ? POLL_MS.local : POLL_MS.aws,
  };
}

async function isConfirmed({ ask, signal }: CommandContext): Promise<boolean> {
  if (ask === undefined) throw new UsageError("--yes is needed without a terminal to ask on; nothing was deleted");
  return (await ask('Delete all of it? Type "yes" to delete: ', signal)).trim() === "yes";
}

function campaignLines({ name, arn, status, updateStatus, minProvisionedTps }: PipelineCampaign): string[] {
  const rate = minProvisionedTps === 1 ? "1 transaction" : `${minProvisionedTps} transactions`;
  return [
    `  campaign ${name}: ${status}${updateStatus === undefined ? "" : `, latest update ${updateStatus}`}`,
    `    ${arn}`,
    `    billed for at least ${rate} per second for every hour that it exists, used or not`,
  ];
}

function solutionLines({ name, arn, status, versions }: PipelineSolution): string[] {
  return [
    `  solution ${name}: ${status}`,
    `    ${arn}`,
    "    costs nothing to keep; training it again is billed again",
    ...versions.map((version) => `    version ${version.arn}: ${version.status}`),
  ];
}

/** `npm run teardown`: deletes what the pipeline created in Personalize, which Pulumi does not know. */
export const teardown: Command<TeardownOptions> = { name: NAME, usage: USAGE, readFlags, run };

if (require.main === module) runAsProcess(teardown);
