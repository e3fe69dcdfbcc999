import { once } from "node:events";
import { relative } from "node:path";
import type { Endpoint } from "./workspace";

/**
 * Tells how other clients reach the cloud: a few lines, the last ones of Python.
 *
 * @param file path of endpoint.json, from where the client is started
 * @param tenant whose producer the example acts as
 */
export function howToConnect({ endpoint, region, stack }: Endpoint, file: string, tenant: string): string[] {
  return [
    `npm run pipeline -- --stack ${stack} --tenant ${tenant} runs the pipeline again.`,
    `The cloud stays up until Ctrl-C: ${endpoint} in ${region}, with the keys in ${file}. From Python, for example:`,
    "  import boto3, json",
    `  cloud = json.load(open(${JSON.stringify(file)}))`,
    `  key = cloud["tenants"]["${tenant}"]["producer"]  # or cloud itself: the account's owner`,
    '  kinesis = boto3.client("kinesis", endpoint_url=cloud["endpoint"], region_name=cloud["region"],',
    '      aws_access_key_id=key["accessKeyId"], aws_secret_access_key=key["secretAccessKey"])',
  ];
}

/** What `keep` needs to know. */
export interface KeepOptions {
  endpoint: Endpoint;
  /** Absolute path of endpoint.json. */
  file: string;
  tenant: string;
  print: (line: string) => void;
  /** Ends the wait. */
  signal: AbortSignal;
}

/**
 * Keeps the cloud up for other clients.
 *
 * @throws the signal's reason, when it comes
 */
export async function keep({ endpoint, file, tenant, print, signal }: KeepOptions): Promise<never> {
  for (const line of howToConnect(endpoint, relative(process.cwd(), file), tenant)) print(line);
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}
