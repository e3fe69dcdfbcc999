import { jobNamePrefix } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { jobName, personalizeJob } from "../personalizeJob";
import { catchTo, choice, fail, jsonata, NO_TEXT, sdkTask, type States, type Step } from "../states";
import { outcome } from "./record";

/** A version that is younger counts as this week's: 7 days less half a day, because runs do not start to the second. */
const WEEK_MILLISECONDS = 6.5 * 86_400_000;
const PAGE_SIZE = 100;

/** The solution's versions, from `$page` on. */
const listArguments = (solutionArn: string) =>
  jsonata(`$merge([
  {"SolutionArn": ${JSON.stringify(solutionArn)}, "MaxResults": ${PAGE_SIZE}},
  $page = "" ? {} : {"NextToken": $page}
])`);
const NEXT_PAGE = jsonata('$exists($states.result.NextToken) ? $states.result.NextToken : ""');

/** A page of versions, newest first. */
const NEWEST_FIRST = `$sort($states.result.SolutionVersions, function($a, $b) { $a.CreationDateTime < $b.CreationDateTime })`;

/** ARN of the newest version on a page that is trained and younger than a week, or else of the one found before. */
const RECENT_VERSION = jsonata(`(
  $weekAgo := $toMillis($states.context.State.EnteredTime) - ${WEEK_MILLISECONDS};
  $recent := ${NEWEST_FIRST}[Status = "ACTIVE" and $toMillis(CreationDateTime) > $weekAgo][0].SolutionVersionArn;
  $exists($recent) ? $recent : $versionArn
)`);

const FAILED = { catch: [catchTo("TrainingFailed")] };

/** Creates the solution once. It never trains by itself, and it belongs to one dataset group for good. */
export function ensureSolution({ recommender, maxWaitHours }: Pick<DefinitionArgs, "recommender" | "maxWaitHours">): Step {
  const { datasetGroupArn, recipeArn, solution } = recommender;
  return personalizeJob({
    noun: "Solution",
    create: {
      state: "EnsureSolution",
      action: "personalize:createSolution",
      arguments: { Name: solution.name, DatasetGroupArn: datasetGroupArn, RecipeArn: recipeArn, PerformAutoTraining: false },
    },
    describe: { action: "personalize:describeSolution", arguments: { SolutionArn: solution.arn }, member: "Solution" },
    unusable: {
      found: { group: jsonata("$states.result.Solution.DatasetGroupArn") },
      when: `$group != ${JSON.stringify(datasetGroupArn)}`,
      cause: `"the solution ${solution.name} belongs to " & $group & ", not to ${datasetGroupArn}; delete it with npm run teardown"`,
    },
    failed: "TrainingFailed",
    maxWaitHours,
  });
}

/** Trains a solution version, or uses the one of this run key; `$versionArn` is its ARN. */
export function trainVersion(args: DefinitionArgs): Step {
  const { context, recommender, maxWaitHours } = args;
  const job = personalizeJob({
    noun: "Training",
    create: {
      state: "Train",
      action: "personalize:createSolutionVersion",
      arguments: { Name: jsonata(jobName(context)), SolutionArn: recommender.solution.arn, TrainingMode: "FULL" },
      assign: { versionArn: jsonata("$states.result.SolutionVersionArn") },
    },
    taken: { next: "ListVersions", assign: { page: NO_TEXT } },
    describe: {
      action: "personalize:describeSolutionVersion",
      arguments: { SolutionVersionArn: jsonata("$versionArn") },
      member: "SolutionVersion",
    },
    superseded: "$createdAt < $importedAt",
    failed: "TrainingFailed",
    maxWaitHours,
  });
  return {
    first: job.first,
    states: (next) => ({
      ...job.states(next),
      ...findVersion(args),
      TrainingFailed: fail(
        "The CSV is imported, and the campaign is unchanged. Fix the cause, then start again with the same run key.",
        "TrainingFailed",
      ),
    }),
  };
}

/** Finds the version whose name is taken. A list shows no names, so the versions are described one by one, the newest of a page first. */
function findVersion({ context, recommender }: DefinitionArgs): States {
  const notFound = { cause: jsonata(`"no solution version is named " & ${jobName(context)} & ", although that name is taken"`) };
  return {
    ListVersions: sdkTask("personalize:listSolutionVersions", listArguments(recommender.solution.arn), {
      next: "NextVersion",
      assign: { page: NEXT_PAGE, versions: jsonata(`[${NEWEST_FIRST}.SolutionVersionArn]`) },
      ...FAILED,
    }),
    NextVersion: choice(
      [
        { when: "$count($versions) > 0", next: "ReadVersion" },
        { when: '$page = ""', assign: notFound, next: "TrainingFailed" },
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
        ...FAILED,
      },
    ),
    CheckVersion: choice([{ when: "$found", next: "DescribeTraining" }], "NextVersion"),
  };
}

/**
 * Trains unless a version is younger than a week. If that version is this run's own, it is deployed; any other one is left as it is.
 *
 * @param training trains a version and continues at the deployment
 * @param deployment reads the version's metrics and deploys it
 */
export function onceAWeek({ context, recommender }: DefinitionArgs, training: Step, deployment: Step): Step {
  const isOwn = `$contains($jobName, ${JSON.stringify(jobNamePrefix(context))} & $runHash & "-")`;
  return {
    first: "BeginWeekly",
    states: (next) => ({
      BeginWeekly: { Type: "Pass", Assign: { page: NO_TEXT, versionArn: NO_TEXT }, Next: "ListRecentVersions" },
      ListRecentVersions: sdkTask("personalize:listSolutionVersions", listArguments(recommender.solution.arn), {
        next: "CheckRecentVersions",
        assign: { page: NEXT_PAGE, versionArn: RECENT_VERSION },
        ...FAILED,
      }),
      CheckRecentVersions: choice(
        [
          { when: '$page != ""', next: "ListRecentVersions" },
          { when: '$versionArn = ""', next: training.first },
        ],
        "ReadRecentVersion",
      ),
      ReadRecentVersion: sdkTask(
        "personalize:describeSolutionVersion",
        { SolutionVersionArn: jsonata("$versionArn") },
        {
          next: "CheckRecentVersion",
          assign: {
            jobName: jsonata('$exists($states.result.SolutionVersion.Name) ? $states.result.SolutionVersion.Name : ""'),
          },
          ...FAILED,
        },
      ),
      CheckRecentVersion: choice([{ when: isOwn, next: deployment.first }], "SkipTraining"),
      SkipTraining: { Type: "Pass", Assign: outcome("skipped", jsonata('$versionArn & " is not a week old"'), false), Next: next },
      ...training.states(deployment.first),
      ...deployment.states(next),
    }),
  };
}

/** Reads the metrics of `$versionArn`: `$metrics`. */
export function readMetrics(): Step {
  return {
    first: "ReadMetrics",
    states: (next) => ({
      ReadMetrics: sdkTask(
        "personalize:getSolutionMetrics",
        { SolutionVersionArn: jsonata("$versionArn") },
        { next, assign: { metrics: jsonata("$exists($states.result.Metrics) ? $states.result.Metrics : {}") }, ...FAILED },
      ),
    }),
  };
}
