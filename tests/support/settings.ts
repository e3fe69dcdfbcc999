import { type Config, parseConfig, projectSettings } from "../../config";

/** What the keys of the project's settings begin with. */
export const NAMESPACE = "c360-recommender:";

/** Settings as a stack file has them (tenants: acme), as the text that a program gets. */
export function texts(settings: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries({ tenants: ["acme"], ...settings }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [`${NAMESPACE}${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Parses settings of a stack. */
export function config(settings: Record<string, unknown> = {}, stack = "dev"): Config {
  return parseConfig(projectSettings(texts(settings)), stack);
}

/** Made by hand. */
export const ARNS = {
  datasetGroupArn: "arn:aws:personalize:ap-southeast-1:123456789012:dataset-group/by-hand",
  datasetArn: "arn:aws:personalize:ap-southeast-1:123456789012:dataset/by-hand/INTERACTIONS",
};
