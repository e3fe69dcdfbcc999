import { acceptedVersionKey } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { catchTo, choice, fail, jsonata, jsonataFields, NO_TEXT, sdkTask, type State, type States, type Step } from "../states";
import { trainBaseline } from "./baseline";
import { publishNotice } from "./notice";
import { metricsTask } from "./training";

/** ARN of the version to compare with: what the campaign serves, or else what was accepted last; empty when there is none. */
const PRESENT = '($served != "" ? $served : $accepted)';
const GONE = ["Personalize.ResourceNotFoundException"];

/** How two values of a metric are judged: JSONata expressions. */
interface Verdict {
  /** Whether the new version is accepted; false where a value is missing or is no number. */
  accepts: string;
  /** The two values in words. */
  reason: string;
}

/**
 * Judges the new version's metric.
 *
 * @param other variable that holds the metrics to compare with
 * @param whose says whose metrics these are
 * @param rule compares `$new` with `$old`, and `inWords` completes "it must be"
 */
function judge(metric: string, other: string, whose: string, rule: { accepts: string; inWords: string }): Verdict {
  const name = JSON.stringify(metric);
  const values = `$new := $lookup($metrics, ${name}); $old := $lookup(${other}, ${name})`;
  const isNumber = (value: string) => `$type(${value}) = "number"`;
  return {
    accepts: `(${values}; ${isNumber("$new")} and ${isNumber("$old")} ? ${rule.accepts} : false)`,
    reason: `(${values};
      $not(${isNumber("$new")}) ? "the version has no number as " & ${name}
      : $not(${isNumber("$old")}) ? ${JSON.stringify(`${whose} has no number as ${metric}`)}
      : ${JSON.stringify(`its ${metric} is `)} & $new & ${JSON.stringify(`, and that of ${whose} is `)} & $old
        & ${JSON.stringify(`; it must be ${rule.inWords}`)})`,
  };
}

/**
 * Finds the accepted version and what the campaign serves, and decides whether the new version, `$versionArn`, becomes the accepted
 * one: `$accepted`. `$unchanged` has the decision and the reason for a campaign that stays as it is, `$why` the reason for a change.
 */
export function qualityGate(args: DefinitionArgs): Step {
  const { recommender, train } = args;
  return {
    first: "BeginGate",
    states: (next) => {
      const decide = train === "never" ? next : "CheckPresent";
      const found = recommender.campaign ? "FindServed" : decide;
      return {
        BeginGate: {
          Type: "Pass",
          Assign: { accepted: NO_TEXT, served: NO_TEXT, present: null, baseline: null, why: NO_TEXT, refused: false },
          Next: "ReadAccepted",
        },
        ...findAccepted(args, found),
        ...(recommender.campaign && { FindServed: findServed(recommender.campaign.arn, decide) }),
        ...(train === "never" ? {} : compare(args, next)),
        GateFailed: fail(
          "What was trained is there, and the campaign is unchanged. Fix the cause, then start again with the same run key.",
          "GateFailed",
        ),
      };
    },
  };
}

/** Reads which version was accepted last. One that was deleted since, with its solution, counts as none. */
function findAccepted({ context: { buckets, keyPrefix } }: DefinitionArgs, next: string): States {
  return {
    ReadAccepted: sdkTask(
      "s3:getObject",
      { Bucket: buckets.lake, Key: acceptedVersionKey(keyPrefix) },
      {
        next: "FindAccepted",
        assign: { accepted: jsonata("$parse($states.result.Body).solutionVersionArn") },
        catch: [{ ErrorEquals: ["S3.NoSuchKeyException"], Next: next }, catchTo("GateFailed")],
      },
    ),
    FindAccepted: sdkTask(
      "personalize:describeSolutionVersion",
      { SolutionVersionArn: jsonata("$accepted") },
      {
        next,
        assign: { accepted: jsonata('$states.result.SolutionVersion.Status = "ACTIVE" ? $accepted : ""') },
        catch: [{ ErrorEquals: GONE, Assign: { accepted: NO_TEXT }, Next: next }, catchTo("GateFailed")],
      },
    ),
  };
}

function findServed(campaignArn: string, next: string): State {
  return sdkTask(
    "personalize:describeCampaign",
    { CampaignArn: campaignArn },
    {
      next,
      assign: { served: jsonata('$states.result.Campaign.Status = "ACTIVE" ? $states.result.Campaign.SolutionVersionArn : ""') },
      catch: [{ ErrorEquals: GONE, Next: next }, catchTo("GateFailed")],
    },
  );
}

function compare(args: DefinitionArgs, next: string): States {
  const { metric, tolerance, baseline } = args.recommender.gate;
  const share = Number((1 - tolerance).toFixed(9));
  const present = judge(metric, "$present", "the present version", {
    accepts: `$new >= $old * ${share}`,
    inWords: `at least ${share} of it (recommender.tolerance ${tolerance})`,
  });
  const popularity = judge(metric, "$baseline", "the baseline", {
    accepts: "$new > $old",
    inWords: "above it (recommender.requireBaseline)",
  });
  const first = baseline ? trainBaseline(args, baseline) : undefined;
  const begin = first?.first ?? "AcceptFirst";
  const accept = (when: string, why: string) => ({ when, assign: { why: jsonata(why) }, next: "AcceptVersion" });
  return {
    CheckPresent: choice(
      [
        { when: '$versionArn = ""', next },
        accept("$versionArn = $accepted or $versionArn = $served", '"the version was accepted before"'),
        ...(baseline
          ? [{ when: `${PRESENT} = "" and $type($lookup($metrics, ${JSON.stringify(metric)})) != "number"`, next: "RefuseFirst" }]
          : []),
        { when: `${PRESENT} = ""`, next: begin },
      ],
      "ReadPresentMetrics",
    ),
    ReadPresentMetrics: metricsTask(PRESENT, {
      next: "QualityGate",
      assign: "present",
      catch: [{ ErrorEquals: GONE, Next: begin }, catchTo("GateFailed")],
    }),
    QualityGate: choice([accept(present.accepts, present.reason)], "RefuseVersion"),
    RefuseVersion: refuse(present, next),
    ...(first
      ? {
          ...first.states("BaselineGate"),
          BaselineGate: choice([accept(popularity.accepts, popularity.reason)], "RefuseFirst"),
          RefuseFirst: refuse(popularity, next),
        }
      : { AcceptFirst: { Type: "Pass", Assign: { why: "it is the first version" }, Next: "AcceptVersion" } }),
    AcceptVersion: acceptVersion(args, next),
  };
}

/** Publishes a notice where the gate refused the new version. */
export function noticeOfRefusal(args: DefinitionArgs): Step {
  const notice = publishNotice(args, {
    event: "refused a new version",
    advice:
      "Compare what was trained on with the run before (t310_training_run). The next training is compared again; Where a campaign serves, it serves what was accepted before.",
  });
  return {
    first: "CheckRefusal",
    states: (next) => ({ CheckRefusal: choice([{ when: "$refused", next: notice.first }], next), ...notice.states(next) }),
  };
}

function refuse({ reason }: Verdict, next: string): State {
  return { Type: "Pass", Assign: { refused: true, unchanged: { decision: "kept", reason: jsonata(reason) } }, Next: next };
}

/** Written before the deployment, so that a run that ends in between is continued by the next one. */
function acceptVersion({ context: { buckets, keyPrefix }, recommender: { gate } }: DefinitionArgs, next: string): State {
  const Body = jsonataFields({
    solutionVersionArn: "$versionArn",
    metric: JSON.stringify(gate.metric),
    value: `($value := $lookup($metrics, ${JSON.stringify(gate.metric)}); $type($value) = "number" ? $value : null)`,
    runId: "$runId",
    decidedAt: "$states.context.State.EnteredTime",
  });
  return sdkTask(
    "s3:putObject",
    { Bucket: buckets.lake, Key: acceptedVersionKey(keyPrefix), ContentType: "application/json", Body },
    {
      next,
      assign: {
        accepted: jsonata("$versionArn"),
        unchanged: { decision: "kept", reason: "the campaign serves the solution version already" },
      },
      catch: [catchTo("GateFailed")],
    },
  );
}
