import type { Standing, StandingCampaign, StandingSolution } from "./standing";

/** What stands, a few lines each: name, status, ARN and what it costs. */
export function listLines({ campaigns, solutions }: Standing): string[] {
  return [...campaigns.flatMap(campaignLines), ...solutions.flatMap(solutionLines)];
}

function campaignLines({ name, arn, status, updateStatus, minProvisionedTps }: StandingCampaign): string[] {
  const rate = minProvisionedTps === 1 ? "1 transaction" : `${minProvisionedTps} transactions`;
  return [
    `  campaign ${name}: ${status}${updateStatus === undefined ? "" : `, latest update ${updateStatus}`}`,
    `    ${arn}`,
    `    is billed for at least ${rate} a second, every hour that it stands, whether or not anybody asks it`,
  ];
}

function solutionLines({ name, arn, status, versions }: StandingSolution): string[] {
  return [
    `  solution ${name}: ${status}`,
    `    ${arn}`,
    "    costs nothing while it stands; what it was trained by was billed, and would be again",
    ...versions.map((version) => `    version ${version.arn}: ${version.status}`),
  ];
}
