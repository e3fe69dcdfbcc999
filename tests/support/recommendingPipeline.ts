import { createHash } from "node:crypto";
import { DescribeCampaignCommand, DescribeSolutionVersionCommand, ListSolutionVersionsCommand } from "@aws-sdk/client-personalize";
import { arnsOf } from "../../components/shared/tenantContext";
import { physicalName, solutionName } from "../../components/shared/naming";
import { BUCKETS, DeployedPipeline, INPUT, type PipelineOptions, type Ran } from "./deployedPipeline";
import { historyFile, enoughRows } from "@c360/local-aws/testing";
import { CONTEXT } from "./pulumiMocks";

/** The day of the CSV is later than that of the runs, which leave it as it is. */
const CSV_DAY = "2026-02-01";
const RUN_DAY = "2026-01-31";
/** The states of a run before its import. */
const LAST_BEFORE = "CheckExport";

export const CAMPAIGN = arnsOf(CONTEXT).campaign(physicalName("campaign", CONTEXT, "campaign"));
export const SOLUTION = arnsOf(CONTEXT).solution(solutionName(CONTEXT, "aws-user-personalization-v2"));

/** A pipeline that imports a CSV of the test's, trains after every export and has a campaign, unless told otherwise. */
export class RecommendingPipeline {
  private constructor(readonly pipeline: DeployedPipeline) {}

  static async open(options: PipelineOptions = {}): Promise<RecommendingPipeline> {
    const settings = { source: { prefix: "crm/interactions/" }, train: "afterExport", campaign: true } as const;
    const world = new RecommendingPipeline(await DeployedPipeline.open({ ...settings, ...options }));
    await world.putCsv();
    return world;
  }

  close(): Promise<void> {
    return this.pipeline.close();
  }

  /** Puts the CSV that runs import. */
  async putCsv(text = historyFile(enoughRows())): Promise<void> {
    const figures = { rows: "1000", users: "25", items: "40", bytes: String(text.length) };
    const Metadata = { runid: "of-the-test", rundate: CSV_DAY, columns: "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", ...figures };
    await this.pipeline.put(BUCKETS.downstream, INPUT, text, Metadata);
  }

  /** Runs the pipeline, whose states are those from the import on. */
  async run(runKey: string): Promise<Ran> {
    return this.end(await this.start(runKey));
  }

  start(runKey: string): Promise<string> {
    return this.pipeline.start({ runDate: RUN_DAY, runKey });
  }

  async end(execution: string): Promise<Ran> {
    const ran = await this.pipeline.end(execution);
    return { ...ran, states: ran.states.slice(ran.states.lastIndexOf(LAST_BEFORE) + 1) };
  }

  /** What the campaign serves; undefined when there is none. */
  async served(): Promise<string | undefined> {
    try {
      return (await this.pipeline.personalize.send(new DescribeCampaignCommand({ campaignArn: CAMPAIGN }))).campaign?.solutionVersionArn;
    } catch (error) {
      if ((error as Error).name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }

  /** Names of the solution's versions, in alphabetical order. */
  async versions(): Promise<string[]> {
    const { personalize } = this.pipeline;
    const { solutionVersions = [] } = await personalize.send(new ListSolutionVersionsCommand({ solutionArn: SOLUTION }));
    const described = solutionVersions.map(({ solutionVersionArn }) =>
      personalize.send(new DescribeSolutionVersionCommand({ solutionVersionArn })),
    );
    return (await Promise.all(described)).map(({ solutionVersion }) => solutionVersion?.name ?? "").sort();
  }
}

/** Name of a run's job or version. */
export function jobNameOf(runKey: string, attempt = 1): string {
  return `acme-dev-${createHash("sha256").update(runKey).digest("hex").slice(0, 12)}-${attempt}`;
}
