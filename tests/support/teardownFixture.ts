import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListCampaignsCommand, ListSolutionsCommand, PersonalizeClient } from "@aws-sdk/client-personalize";
import { cloudControl, makePersonalize, sts } from "@c360/local-aws";
import type { CommandContext } from "../../cli/shared/command";
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
const TWO_TENANTS = 'config: { c360-recommender:stage: dev, "c360-recommender:tenants": [acme, bolt] }';

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

/** A local cloud with Personalize and Step Functions, to which a stack `two` of stage dev with the tenants acme and bolt is deployed. */
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

  static async open(): Promise<TeardownFixture> {
    const clock = new HoldableClock(FASTER);
    const machines = await StepFunctionsBench.open({ clock, services: [makePersonalize({ latencyMs: 0 }), cloudControl, sts] });
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

  /** Runs the command. */
  run(args: string, context: Partial<CommandContext> = {}): Promise<CommandOutcome> {
    return runCommand(teardown, args, { programDir: this.folder, folder: this.folder, ...context });
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

  solution(name: string, { datasetGroupArn } = this.group): Promise<string> {
    return makeSolution(this.personalize, datasetGroupArn, name);
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
