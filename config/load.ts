import * as pulumi from "@pulumi/pulumi";
import { type Config, NAMESPACE, parseConfig, projectSettings } from ".";

/**
 * Reads the settings of the stack that is being deployed.
 *
 * @throws RunError of one line that names key, rule and value of the first invalid setting
 */
export function loadConfig(): Config {
  const config = new pulumi.Config();
  return parseConfig(Object.fromEntries(configuredKeys().map((key) => [key, config.require(key)])), pulumi.getStack());
}

/** Every key in the project's namespace. pulumi.Config reads only keys that are known, so unknown ones need the SDK's internals. */
function configuredKeys(): string[] {
  const secrets = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || "[]") as string[];
  const secret = secrets.find((key) => key.startsWith(NAMESPACE));
  if (secret !== undefined) throw new pulumi.RunError(`config ${secret} must be plain text, got a secret`);
  return Object.keys(projectSettings(pulumi.runtime.allConfig()));
}
