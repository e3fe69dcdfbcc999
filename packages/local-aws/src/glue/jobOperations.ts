import type { Cloud, Json, Operation } from "../service";
import { invalid, page, PAGING, refuseUnknown, textOf, textsOf } from "./input";
import { describeRun } from "./jobRun";
import type { JobRuns } from "./jobRuns";
import type { Jobs } from "./jobs";
import { wrongArgument } from "./jobArguments";

/** Most runs of one page: https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRuns.html */
const RUNS = 200;
/** https://docs.aws.amazon.com/glue/latest/webapi/API_BatchStopJobRun.html */
const MOST_STOPPED = 25;

/**
 * The operations on runs of jobs; each needs its action on the job.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
 */
export function jobOperations(cloud: Cloud, jobs: Jobs, runs: JobRuns): Record<string, Operation> {
  const operation = (name: string, known: string[], answer: (input: Json, jobName: string) => Promise<Json> | Json): Operation => ({
    permissions: ({ JobName }) => [{ action: `glue:${name}`, resource: jobs.arn(String(JobName)) }],
    run: async (input) => {
      refuseUnknown(name, input, ["JobName", ...known]);
      return { output: await answer(input, textOf(input, "JobName")) };
    },
  });
  const stop = async (jobName: string, id: string): Promise<string | undefined> => {
    try {
      const run = runs.find(jobName, id);
      return (await runs.stop(run)) ? undefined : `Job Run ${id} has come to its end: ${run.state}`;
    } catch (error) {
      return (error as Error).message;
    }
  };

  return {
    StartJobRun: operation("StartJobRun", ["Arguments"], async (input, jobName) => ({
      JobRunId: await runs.start(jobs.find(jobName), argumentsIn(input)),
    })),
    GetJobRun: operation("GetJobRun", ["RunId"], (input, jobName) => ({
      JobRun: describeRun(runs.find(jobName, textOf(input, "RunId")), jobs.find(jobName), cloud.clock.now()),
    })),
    GetJobRuns: operation("GetJobRuns", PAGING, (input, jobName) => {
      const job = jobs.find(jobName);
      const { items, ...token } = page(runs.of(jobName), input, RUNS);
      return { JobRuns: items.map((run) => describeRun(run, job, cloud.clock.now())), ...token };
    }),
    BatchStopJobRun: operation("BatchStopJobRun", ["JobRunIds"], async (input, JobName) => {
      const ids = textsOf(input, "JobRunIds");
      if (ids.length > MOST_STOPPED) throw invalid(`JobRunIds must be at most ${MOST_STOPPED}, got ${ids.length}`);
      const outcomes = await Promise.all(ids.map(async (JobRunId) => ({ JobName, JobRunId, refusal: await stop(JobName, JobRunId) })));
      const SuccessfulSubmissions: Json[] = [];
      const Errors: Json[] = [];
      for (const { refusal, ...run } of outcomes) {
        if (refusal === undefined) SuccessfulSubmissions.push(run);
        else Errors.push({ ...run, ErrorDetail: { ErrorCode: "InvalidInputException", ErrorMessage: refusal } });
      }
      return { SuccessfulSubmissions, Errors };
    }),
  };
}

function argumentsIn({ Arguments = {} }: Json): Record<string, string> {
  const isMap = typeof Arguments === "object" && Arguments !== null && !Array.isArray(Arguments);
  if (!isMap || !Object.values(Arguments).every((value) => typeof value === "string")) throw invalid("Arguments must be texts by name");
  const given = Arguments as Record<string, string>;
  const wrong = wrongArgument(given);
  if (wrong) throw invalid(`Arguments must ${wrong.rule}, got ${wrong.value}`);
  return given;
}
