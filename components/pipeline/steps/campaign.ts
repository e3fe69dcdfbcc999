import { beginJob, orRoom, outOfTime, roomStates, waitMore } from "../personalizeJob";
import type { CampaignResource } from "../../recommender/recommenderResources";
import { choice, fail, failsAs, jsonata, NO_TEXT, sdkTask, type States } from "../states";
import { outcome } from "./outcome";

/** How the campaign was last seen: its status, what it serves, and the update that came last. */
const SEEN = [
  "($c := $states.result.Campaign; $u := $exists($c.LatestCampaignUpdate) ? $c.LatestCampaignUpdate : {};",
  '$reason := function($of) { $exists($of.FailureReason) ? $of.FailureReason : "no reason was given" };',
  '{"status": $c.Status, "serves": $c.SolutionVersionArn, "tps": $c.MinProvisionedTPS,',
  '"isBusy": $contains($c.Status & " " & $u.Status, /PENDING|PROGRESS/),',
  '"hasRefused": $contains($string($u.Status), /FAILED/) and $u.SolutionVersionArn = $versionArn,',
  '"reason": $reason($contains($c.Status, /FAILED/) ? $c : $u)})',
].join(" ");

/** What this execution did, even if the answer was lost: while it has its turn, no other lets the campaign serve `$versionArn`. */
const DEPLOYED = [
  "($c := $states.result.Campaign;",
  "$isOwn := function($of) { $of.SolutionVersionArn = $versionArn and $toMillis($of.CreationDateTime) >= $since };",
  '$deployed != "" ? $deployed : $isOwn($c.LatestCampaignUpdate) ? "updated" : $isOwn($c) ? "created" : "")',
].join(" ");

/**
 * Lets the campaign serve `$versionArn`: creates it, or updates it unless it serves that version already. One update at a time: another
 * that is in progress is waited for. A campaign serves on while it is updated, and after an update that failed.
 */
export function campaignStates({ name, arn, minProvisionedTps }: CampaignResource, maxWaitHours: number, next: string): States {
  const serving = { SolutionVersionArn: jsonata("$versionArn"), MinProvisionedTPS: minProvisionedTps };
  const change = (deployed: string) => ({ next: "FindCampaign", assign: { deployed } });
  const room = orRoom("CheckCampaignRoom", "DeploymentFailed");
  const served = `$not($campaign.isBusy) and $campaign.serves = $versionArn`;
  return {
    BeginDeployment: beginJob("FindCampaign", { deployed: NO_TEXT }),
    FindCampaign: sdkTask(
      "personalize:describeCampaign",
      { CampaignArn: arn },
      {
        next: "CheckCampaign",
        assign: { campaign: jsonata(SEEN), deployed: jsonata(DEPLOYED) },
        catch: [{ ErrorEquals: ["Personalize.ResourceNotFoundException"], Next: "CreateCampaign" }, failsAs("DeploymentFailed")],
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
          when: `${served} and $deployed != ""`,
          assign: outcome(jsonata("$deployed"), jsonata('"the run trained a solution version"')),
          next,
        },
        {
          when: `${served} and $campaign.tps = ${minProvisionedTps}`,
          assign: outcome("kept", "the campaign serves the solution version already"),
          next,
        },
        {
          when: '$deployed = "updated" and $campaign.hasRefused and $not($campaign.isBusy)',
          assign: { cause: jsonata('$campaign.reason & "; the campaign serves " & $campaign.serves & " on"') },
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
      { ...change("created"), catch: [{ ErrorEquals: ["Personalize.ResourceAlreadyExistsException"], Next: "FindCampaign" }, ...room] },
    ),
    UpdateCampaign: sdkTask("personalize:updateCampaign", { CampaignArn: arn, ...serving }, { ...change("updated"), catch: room }),
    ...roomStates("Campaign", "FindCampaign", "DeploymentFailed", maxWaitHours),
    DeploymentFailed: fail(
      "the solution version is trained; mend the reason, then start again with the same run key; a campaign that could not be created must be deleted first (npm run teardown).",
      "DeploymentFailed",
    ),
  };
}
