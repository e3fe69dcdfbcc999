import type { CampaignResource } from "../../recommender/recommenderResources";
import { beginJob, catchBusy, outOfTime, quotaStates, waitMore } from "../personalizeJob";
import { catchTo, choice, fail, jsonata, NO_TEXT, sdkTask, type Step } from "../states";
import { leaveCampaign, outcome } from "./record";

/** The campaign as it was last described: its status, what it serves, and its latest update. */
const CAMPAIGN = `(
  $c := $states.result.Campaign;
  $u := $exists($c.LatestCampaignUpdate) ? $c.LatestCampaignUpdate : {};
  $reason := function($of) { $exists($of.FailureReason) ? $of.FailureReason : "no reason was given" };
  {
    "status": $c.Status,
    "serves": $c.SolutionVersionArn,
    "tps": $c.MinProvisionedTPS,
    "isBusy": $contains($c.Status & " " & $u.Status, /PENDING|PROGRESS/),
    "hasFailedUpdate": $contains($string($u.Status), /FAILED/) and $u.SolutionVersionArn = $accepted,
    "reason": $reason($contains($c.Status, /FAILED/) ? $c : $u)
  }
)`;

/** What this execution did, even if the response was lost: while it holds the lock, no other execution deploys `$accepted`. */
const DEPLOYED = `(
  $c := $states.result.Campaign;
  $isOwn := function($of) { $of.SolutionVersionArn = $accepted and $toMillis($of.CreationDateTime) >= $since };
  $deployed != "" ? $deployed : $isOwn($c.LatestCampaignUpdate) ? "updated" : $isOwn($c) ? "created" : ""
)`;

/** Why the campaign was changed, also where nothing was trained, or what was trained was refused. */
const REASON = `$accepted = $versionArn ? $why
  : ($versionArn = "" ? "" : "the quality gate refused " & $versionArn & ": ") & $unchanged.reason
    & "; the campaign did not serve the accepted version"`;

/**
 * Brings the campaign to `$accepted`, if there is one: creates it, or updates it unless it serves that version already. A campaign takes
 * one update at a time, so an update in progress is awaited. It keeps serving during an update, and after one that failed.
 */
export function deployCampaign({ name, arn, minProvisionedTps }: CampaignResource, maxWaitHours: number): Step {
  const serving = { SolutionVersionArn: jsonata("$accepted"), MinProvisionedTPS: minProvisionedTps };
  const change = (deployed: string) => ({ next: "FindCampaign", assign: { deployed } });
  const busy = catchBusy("Campaign", "DeploymentFailed");
  const isServed = "$not($campaign.isBusy) and $campaign.serves = $accepted";
  const unchanged = leaveCampaign(true);
  return {
    first: "CheckAccepted",
    states: (next) => ({
      CheckAccepted: choice([{ when: '$accepted = ""', next: unchanged.first }], "BeginDeployment"),
      ...unchanged.states(next),
      BeginDeployment: beginJob("FindCampaign", { deployed: NO_TEXT }),
      FindCampaign: sdkTask(
        "personalize:describeCampaign",
        { CampaignArn: arn },
        {
          next: "CheckCampaign",
          assign: { campaign: jsonata(CAMPAIGN), deployed: jsonata(DEPLOYED) },
          catch: [{ ErrorEquals: ["Personalize.ResourceNotFoundException"], Next: "CreateCampaign" }, catchTo("DeploymentFailed")],
        },
      ),
      CheckCampaign: choice(
        [
          {
            when: '$not($campaign.isBusy) and $campaign.status != "ACTIVE"',
            assign: { cause: jsonata('"the campaign is in status " & $campaign.status & ": " & $campaign.reason') },
            next: "DeploymentFailed",
          },
          {
            when: `${isServed} and $deployed != ""`,
            assign: outcome(jsonata("$deployed"), jsonata(REASON), "$accepted"),
            next,
          },
          { when: `${isServed} and $campaign.tps = ${minProvisionedTps}`, next: unchanged.first },
          {
            when: '$deployed = "updated" and $campaign.hasFailedUpdate and $not($campaign.isBusy)',
            assign: { cause: jsonata('$campaign.reason & "; the campaign still serves " & $campaign.serves') },
            next: "DeploymentFailed",
          },
          { when: '$not($campaign.isBusy) and $deployed = ""', next: "UpdateCampaign" },
          outOfTime(maxWaitHours, '"the status of the campaign was " & $campaign.status', "DeploymentFailed"),
        ],
        "WaitForCampaign",
      ),
      WaitForCampaign: waitMore("FindCampaign"),
      CreateCampaign: sdkTask(
        "personalize:createCampaign",
        { Name: name, ...serving },
        { ...change("created"), catch: [{ ErrorEquals: ["Personalize.ResourceAlreadyExistsException"], Next: "FindCampaign" }, ...busy] },
      ),
      UpdateCampaign: sdkTask("personalize:updateCampaign", { CampaignArn: arn, ...serving }, { ...change("updated"), catch: busy }),
      ...quotaStates("Campaign", "FindCampaign", "DeploymentFailed", maxWaitHours),
      DeploymentFailed: fail(
        "The solution version is trained. Fix the cause, then start again with the same run key. A campaign that could not be created must be deleted first (npm run teardown).",
        "DeploymentFailed",
      ),
    }),
  };
}
