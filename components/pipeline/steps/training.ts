import type { SolutionResource } from "../../recommender/recommenderResources";
import { jobNamePrefix } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { jobName, personalizeJob } from "../personalizeJob";
import { catchTo, choice, fail, jsonata, NO_TEXT, sdkTask, type State, type States, type Step, type TaskOptions } from "../states";
import { skipped } from "./record";

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

/** Whether a version of the run key was trained on what was there before the run's import. */
const BEFORE_IMPORT = "$createdAt < $importedAt";

/** Which of the two solutions a step is about; it stands in the names of states and, in lower case, of variables. */
type Which = "" | "Baseline";

/** Creates a solution once. It never trains by itself, and it belongs to one dataset group for good. */
export function ensureSolution({ recommender, maxWaitHours }: DefinitionArgs, solution = recommender.solution, which: Which = ""): Step {
  const { datasetGroupArn } = recommender;
  const { name, arn, recipeArn } = solution;
  return personalizeJob({
    noun: `${which}Solution`,
    create: {
      state: `Ensure${which}Solution`,
      action: "personalize:createSolution",
      arguments: { Name: name, DatasetGroupArn: datasetGroupArn, RecipeArn: recipeArn, PerformAutoTraining: false },
    },
    describe: { action: "personalize:describeSolution", arguments: { SolutionArn: arn }, member: "Solution" },
    unusable: {
      found: { group: jsonata("$states.result.Solution.DatasetGroupArn") },
      when: `$group != ${JSON.stringify(datasetGroupArn)}`,
      cause: `"the solution ${name} belongs to " & $group & ", not to ${datasetGroupArn}; delete it with npm run teardown"`,
    },
    failed: "TrainingFailed",
    maxWaitHours,
  });
}

/** Trains a version of a solution, or uses the one of this run key. Its ARN is `$versionArn`, or `$baselineArn`. */
export function trainVersion(args: DefinitionArgs, solution: SolutionResource = args.recommender.solution, which: Which = ""): Step {
  const { context, maxWaitHours } = args;
  const variable = which === "" ? "versionArn" : "baselineArn";
  const job = personalizeJob({
    noun: `${which}Training`,
    create: {
      state: `Train${which}`,
      action: "personalize:createSolutionVersion",
      arguments: { Name: jsonata(jobName(context)), SolutionArn: solution.arn, TrainingMode: "FULL" },
      assign: { [variable]: jsonata("$states.result.SolutionVersionArn") },
    },
    taken: { next: `List${which}Versions`, assign: { page: NO_TEXT } },
    describe: {
      action: "personalize:describeSolutionVersion",
      arguments: { SolutionVersionArn: jsonata(`$${variable}`) },
      member: "SolutionVersion",
    },
    superseded: BEFORE_IMPORT,
    failed: "TrainingFailed",
    maxWaitHours,
  });
  return { first: job.first, states: (next) => ({ ...job.states(next), ...findVersion(args, solution, which, variable) }) };
}

/** Where a run trains: the Fail state of its solutions and versions. */
export const trainingFailed: States = {
  TrainingFailed: fail(
    "The CSV is imported, and the campaign is unchanged. Fix the cause, then start again with the same run key.",
    "TrainingFailed",
  ),
};

/** Finds the version whose name is taken. A list shows no names, so the versions are described one by one, the newest of a page first. */
function findVersion({ context }: DefinitionArgs, { arn }: SolutionResource, which: Which, variable: string): States {
  const [list, following, read, check] = [`List${which}Versions`, `Next${which}Version`, `Read${which}Version`, `Check${which}Version`];
  const notFound = { cause: jsonata(`"no solution version is named " & ${jobName(context)} & ", although that name is taken"`) };
  return {
    [list]: sdkTask("personalize:listSolutionVersions", listArguments(arn), {
      next: following,
      assign: { page: NEXT_PAGE, versions: jsonata(`[${NEWEST_FIRST}.SolutionVersionArn]`) },
      ...FAILED,
    }),
    [following]: choice(
      [
        { when: "$count($versions) > 0", next: read },
        { when: '$page = ""', assign: notFound, next: "TrainingFailed" },
      ],
      list,
    ),
    [read]: sdkTask(
      "personalize:describeSolutionVersion",
      { SolutionVersionArn: jsonata("$versions[0]") },
      {
        next: check,
        assign: {
          [variable]: jsonata("$versions[0]"),
          versions: jsonata("[$filter($versions, function($arn, $i) { $i > 0 })]"),
          found: jsonata(`$states.result.SolutionVersion.Name = ${jobName(context)}`),
        },
        ...FAILED,
      },
    ),
    [check]: choice([{ when: "$found", next: `Describe${which}Training` }], following),
  };
}

/**
 * Trains unless a version is younger than a week. If that version is this run's own, it goes on with it, or trains again where the run
 * was made again since.
 *
 * @param training trains a version and reads its metrics
 */
export function onceAWeek({ context, recommender }: DefinitionArgs, training: Step, metrics: Step): Step {
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
            createdAt: jsonata("$toMillis($states.result.SolutionVersion.CreationDateTime)"),
            jobName: jsonata('$exists($states.result.SolutionVersion.Name) ? $states.result.SolutionVersion.Name : ""'),
          },
          ...FAILED,
        },
      ),
      CheckRecentVersion: choice(
        [
          { when: `${isOwn} and ${BEFORE_IMPORT}`, next: training.first },
          { when: isOwn, next: metrics.first },
        ],
        "SkipTraining",
      ),
      SkipTraining: { Type: "Pass", Assign: skipped(jsonata('$versionArn & " is not a week old"')), Next: next },
      ...training.states(metrics.first),
      ...metrics.states(next),
    }),
  };
}

/** Reads the metrics of `$versionArn`: `$metrics`. */
export function readMetrics(): Step {
  return { first: "ReadMetrics", states: (next) => ({ ReadMetrics: metricsTask("$versionArn", { next, assign: "metrics", ...FAILED }) }) };
}

/**
 * Task state that reads the metrics of a solution version.
 *
 * @param versionArn a JSONata expression
 * @param options `assign` names the variable that receives the metrics; it is empty where the service has none
 */
export function metricsTask(versionArn: string, options: Omit<TaskOptions, "assign"> & { assign: string }): State {
  const assign = { [options.assign]: jsonata("$exists($states.result.Metrics) ? $states.result.Metrics : {}") };
  return sdkTask("personalize:getSolutionMetrics", { SolutionVersionArn: jsonata(versionArn) }, { ...options, assign });
}
