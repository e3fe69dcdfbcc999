import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListCampaignsCommand, ListSolutionsCommand, PersonalizeClient } from "@aws-sdk/client-personalize";
import { cloudControl, makePersonalize, type PersonalizeOptions, s3, sts } from "@c360/local-aws";
import type { Command, CommandContext } from "../../cli/shared/command";
import { teardown } from "../../cli/teardown";
import {
  JumpingClock,
  makeRecommender,
  makeSolution,
  type Recommender,
  serve,
  StepFunctionsBench,
  streamInteractions,
  trackerActive,
  train,
} from "@c360/local-aws/testing";
import { type CommandOutcome, runCommand } from "./commands";
import { REPOSITORY } from "./program";

const FASTER = 1000;
const TWO_TENANTS = `config:
  c360-recommender:stage: dev
  c360-recommender:tenants: [acme, bolt]
  c360-recommender:recommender: { metric: mean_reciprocal_rank_at_25 }
`;

/** A clock that can keep waits from ending. */
class HoldableClock extends JumpingClock {
  private held: Promise<void> | undefined;

  override async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await super.sleep(ms, signal);
    await this.held;
  }

  /** Keeps waits from ending. @returns lets them end */
  hold(): () => void {
    let release = (): void => undefined;
    this.held = new Promise((resolve) => (release = resolve));
    return release;
  }
}

/** A local cloud with Personalize, S3 and Step Functions, to which a stack `two` of stage dev with the tenants acme and bolt is deployed. */
export class TeardownFixture {
  readonly personalize: PersonalizeClient;
  private trained = 0;

  private constructor(
    readonly clock: HoldableClock,
    readonly machines: StepFunctionsBench,
    private readonly group: Recommender,
    private readonly folder: string,
  ) {
    this.personalize = new PersonalizeClient({ ...machines.running.client, maxAttempts: 1 });
  }

  /** @param personalize how the local Personalize behaves */
  static async open(personalize: PersonalizeOptions = {}): Promise<TeardownFixture> {
    const clock = new HoldableClock(FASTER);
    const services = [makePersonalize({ latencyMs: 0, ...personalize }), cloudControl, s3, sts];
    const machines = await StepFunctionsBench.open({ clock, services });
    const folder = mkdtempSync(join(tmpdir(), "c360-teardown-"));
    cpSync(join(REPOSITORY, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    writeFileSync(join(folder, "Pulumi.two.yaml"), TWO_TENANTS);
    const { endpoint, region, credentials } = machines.running.client;
    writeFileSync(
      join(folder, "endpoint.json"),
      JSON.stringify({ endpoint, region, ...credentials, stack: "two", pid: process.pid, tenants: {} }),
    );
    return new TeardownFixture(clock, machines, await recommenderWithData(machines, "shop"), folder);
  }

  async close(): Promise<void> {
    this.personalize.destroy();
    await this.machines.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Runs `npm run teardown`. */
  run(args: string, context: Partial<CommandContext> = {}): Promise<CommandOutcome> {
    return this.runOther(teardown, args, context);
  }

  /** Runs another command. */
  runOther<Options>(command: Command<Options>, args: string, context: Partial<CommandContext> = {}): Promise<CommandOutcome> {
    return runCommand(command, args, { programDir: this.folder, folder: this.folder, ...context });
  }

  /** Names of the campaigns and solutions that exist, sorted. */
  async existing(): Promise<string[]> {
    const { campaigns = [] } = await this.personalize.send(new ListCampaignsCommand({}));
    const { solutions = [] } = await this.personalize.send(new ListSolutionsCommand({}));
    return [...campaigns, ...solutions].map(({ name = "" }) => name).sort();
  }

  /** Another dataset group with data to train on. */
  recommender(name: string): Promise<Recommender> {
    return recommenderWithData(this.machines, name);
  }

  /** @param recipeArn @default the popularity recipe's */
  solution(name: string, { datasetGroupArn } = this.group, recipeArn?: string): Promise<string> {
    return makeSolution(this.personalize, datasetGroupArn, name, recipeArn);
  }

  /** Trains a solution. */
  version(solutionArn: string): Promise<string> {
    this.trained += 1;
    return train(this.personalize, solutionArn, `acme-dev-run-${this.trained}`);
  }

  /** Creates a solution with a version that a campaign serves. */
  async served(solution: string, campaign: string, group = this.group): Promise<Record<"solution" | "version" | "campaign", string>> {
    const solutionArn = await this.solution(solution, group);
    const version = await this.version(solutionArn);
    return { solution: solutionArn, version, campaign: await serve(this.personalize, version, campaign) };
  }
}

async function recommenderWithData({ running }: StepFunctionsBench, name: string): Promise<Recommender> {
  const made = await makeRecommender(running.cloud, name);
  await trackerActive(running, made.trackerArn);
  await streamInteractions(running, made.trackingId);
  return made;
}
