import { z } from "zod";
import { operations } from "../operation";
import { ServiceError, type Cloud, type Json, type Operation } from "../service";
import { describeRun, type JobRuns } from "./jobRuns";
import { argumentsProblem, type Jobs } from "./jobs";

const NAME = z.string().min(1).max(255);
/** https://docs.aws.amazon.com/glue/latest/webapi/API_BatchStopJobRun.html */
const RUN_IDS = z.array(NAME).min(1).max(25);

/**
 * The operations on runs of jobs; each needs its action on the job.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
 */
export function jobOperations(cloud: Cloud, jobs: Jobs, runs: JobRuns): Record<string, Operation> {
  const resources = ({ JobName }: { JobName: string }): string => jobs.arn(JobName);
  const refusalOf = (jobName: string, id: string): string | undefined => {
    try {
      const run = runs.find(jobName, id);
      return runs.stop(run) ? undefined : `Job Run ${id} has ended: ${run.state}`;
    } catch (error) {
      return (error as Error).message;
    }
  };

  return operations(
    { service: "glue", invalid: "InvalidInputException" },
    {
      StartJobRun: {
        members: { JobName: NAME, Arguments: z.record(z.string(), z.string()).optional() },
        resources,
        run: ({ JobName, Arguments = {} }) => {
          const problem = argumentsProblem(Arguments);
          if (problem !== undefined) throw new ServiceError("InvalidInputException", `Arguments ${problem}`);
          return { JobRunId: runs.start(jobs.find(JobName), Arguments) };
        },
      },
      GetJobRun: {
        members: { JobName: NAME, RunId: NAME },
        resources,
        run: ({ JobName, RunId }) => ({ JobRun: describeRun(runs.find(JobName, RunId), cloud.clock.now()) }),
      },
      BatchStopJobRun: {
        members: { JobName: NAME, JobRunIds: RUN_IDS },
        resources,
        run: ({ JobName, JobRunIds }) => {
          const SuccessfulSubmissions: Json[] = [];
          const Errors: Json[] = [];
          for (const JobRunId of JobRunIds) {
            const ErrorMessage = refusalOf(JobName, JobRunId);
            if (ErrorMessage === undefined) SuccessfulSubmissions.push({ JobName, JobRunId });
            else Errors.push({ JobName, JobRunId, ErrorDetail: { ErrorCode: "InvalidInputException", ErrorMessage } });
          }
          return { SuccessfulSubmissions, Errors };
        },
      },
    },
  );
}
