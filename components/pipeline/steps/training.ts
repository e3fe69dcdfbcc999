import { jobNamePrefix, type Owner } from "../../shared/naming";
import { jobStates } from "../personalizeJob";
import type { RecommenderResources } from "../../recommender/recommenderResources";
import { choice, fail, failsAs, jsonata, NO_TEXT, sdkTask, type States } from "../states";
import { jobName } from "./import";
import { outcome } from "./outcome";

/** What is trained, and when. */
export interface TrainingSteps {
  context: Owner;
  recommender: RecommenderResources;
  train: "afterExport" | "weekly";
  maxWaitHours: number;
}

/** A version that is younger is the week's: 7 days less half a day, for runs do not begin to the second. */
const WEEK_MILLISECONDS = 6.5 * 86_400_000;
const PAGE = 100;

/** Where a training goes on: with what was trained, or without a training. */
export interface AfterTraining {
  trained: string;
  skipped: string;
}

/** Trains a solution version, or goes on with the one of this run key; `$versionArn` is its ARN, `$metrics` are its metrics. */
export function trainingStates(args: TrainingSteps, { trained, skipped }: AfterTraining): States {
  const { context, recommender, train, maxWaitHours } = args;
  const { arn: SolutionArn } = recommender.solution;
  const versionArn = jsonata("$versionArn");
  return {
    ...(train === "weekly" ? weekStates(args, skipped) : {}),
    ...jobStates(
      {
        noun: "Training",
        create: {
          state: "Train",
          action: "personalize:createSolutionVersion",
          arguments: { Name: jsonata(jobName(context)), SolutionArn, TrainingMode: "FULL" },
          assign: { versionArn: jsonata("$states.result.SolutionVersionArn") },
        },
        taken: { next: "ListVersions", assign: { page: NO_TEXT } },
        describe: {
          action: "personalize:describeSolutionVersion",
          arguments: { SolutionVersionArn: versionArn },
          member: "SolutionVersion",
        },
        superseded: "$imported",
        failed: "TrainingFailed",
        maxWaitHours,
      },
      { next: "ReadMetrics" },
    ),
    ...findStates(args),
    ReadMetrics: sdkTask(
      "personalize:getSolutionMetrics",
      { SolutionVersionArn: versionArn },
      {
        next: trained,
        assign: { metrics: jsonata("$exists($states.result.Metrics) ? $states.result.Metrics : {}") },
        catch: [failsAs("TrainingFailed")],
      },
    ),
    TrainingFailed: fail(
      "the CSV is imported and the campaign is as it was; mend the reason, then start again with the same run key.",
      "TrainingFailed",
    ),
  };
}

/** Name of the state that training begins with. */
export function firstOfTraining(train: TrainingSteps["train"]): string {
  return train === "weekly" ? "BeginWeek" : "BeginTraining";
}

/** The solution's versions, from `$page` on. */
const listArguments = (solutionArn: string) =>
  jsonata(`$merge([{"SolutionArn": ${JSON.stringify(solutionArn)}, "MaxResults": ${PAGE}}, $page = "" ? {} : {"NextToken": $page}])`);

const NEXT_PAGE = jsonata('$exists($states.result.NextToken) ? $states.result.NextToken : ""');
const BY_AGE = "$sort($states.result.SolutionVersions, function($a, $b) { $a.CreationDateTime < $b.CreationDateTime })";

/** A summary has no name, so the versions are described one by one, the newest of a page first. */
function findStates({ context, recommender }: TrainingSteps): States {
  const failed = { catch: [failsAs("TrainingFailed")] };
  const none = { cause: jsonata(`"no solution version is named " & ${jobName(context)} & ", although that name is taken"`) };
  return {
    ListVersions: sdkTask("personalize:listSolutionVersions", listArguments(recommender.solution.arn), {
      next: "NextVersion",
      assign: { page: NEXT_PAGE, versions: jsonata(`[${BY_AGE}.SolutionVersionArn]`) },
      ...failed,
    }),
    NextVersion: choice(
      [
        { when: "$count($versions) > 0", next: "ReadVersion" },
        { when: '$page = ""', assign: none, next: "TrainingFailed" },
      ],
      "ListVersions",
    ),
    ReadVersion: sdkTask(
      "personalize:describeSolutionVersion",
      { SolutionVersionArn: jsonata("$versions[0]") },
      {
        next: "CheckVersion",
        assign: {
          versionArn: jsonata("$versions[0]"),
          versions: jsonata("[$filter($versions, function($arn, $i) { $i > 0 })]"),
          found: jsonata(`$states.result.SolutionVersion.Name = ${jobName(context)}`),
        },
        ...failed,
      },
    ),
    CheckVersion: choice([{ when: "$found", next: "DescribeTraining" }], "NextVersion"),
  };
}

/** Goes on without a training where a version is younger than a week, unless that is this run's own. */
function weekStates({ context, recommender }: TrainingSteps, skipped: string): States {
  const failed = { catch: [failsAs("TrainingFailed")] };
  const young = `$toMillis(CreationDateTime) > $toMillis($states.context.State.EnteredTime) - ${WEEK_MILLISECONDS}`;
  const newest = `${BY_AGE}[Status = "ACTIVE" and ${young}][0].SolutionVersionArn`;
  const own = `$contains($jobName, ${JSON.stringify(jobNamePrefix(context))} & $runHash & "-")`;
  return {
    BeginWeek: { Type: "Pass", Assign: { page: NO_TEXT, versionArn: NO_TEXT }, Next: "ListTrained" },
    ListTrained: sdkTask("personalize:listSolutionVersions", listArguments(recommender.solution.arn), {
      next: "CheckWeek",
      assign: { page: NEXT_PAGE, versionArn: jsonata(`($new := ${newest}; $exists($new) ? $new : $versionArn)`) },
      ...failed,
    }),
    CheckWeek: choice(
      [
        { when: '$page != ""', next: "ListTrained" },
        { when: '$versionArn = ""', next: "BeginTraining" },
      ],
      "ReadTrained",
    ),
    ReadTrained: sdkTask(
      "personalize:describeSolutionVersion",
      { SolutionVersionArn: jsonata("$versionArn") },
      {
        next: "CheckTrained",
        assign: {
          jobName: jsonata('$exists($states.result.SolutionVersion.Name) ? $states.result.SolutionVersion.Name : ""'),
        },
        ...failed,
      },
    ),
    CheckTrained: choice([{ when: own, next: "ReadMetrics" }], "SkipTraining"),
    SkipTraining: {
      Type: "Pass",
      Assign: outcome("skipped", jsonata('$versionArn & " is not a week old"'), false),
      Next: skipped,
    },
  };
}
