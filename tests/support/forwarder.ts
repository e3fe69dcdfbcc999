import { EventForwarder, type EventForwarderArgs } from "../../components/eventForwarder/eventForwarder";
import { deploy, CONTEXT } from "./pulumiMocks";
import { archiveFiles, loadSerialized, type SerializedFunction } from "./serialize";

/** Environment of a forwarder under test. */
export interface ForwarderTarget {
  endpoint: string;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Environment variables to change; undefined removes one. */
  env?: Record<string, string | undefined>;
}

let archive: Promise<Record<string, string>> | undefined;

/** Files of the forwarder's archive, as the component registers it. */
export function forwarderArchive(): Promise<Record<string, string>> {
  archive ??= deploy(() => makeForwarder()).then((deployed) =>
    archiveFiles(deployed.get("aws:lambda/function:Function", "f-function").inputs.code),
  );
  return archive;
}

/** Loads the forwarder's archive outside the repository. Dead letters go to the bucket `upstream`, below `dead/`. */
export async function loadForwarder({ endpoint, credentials, env = {} }: ForwarderTarget): Promise<SerializedFunction> {
  const { accessKeyId, secretAccessKey, sessionToken } = { accessKeyId: "AKIATEST", secretAccessKey: "test", ...credentials };
  const all = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: CONTEXT.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    TRACKING_ID: "tracking-id",
    DEAD_LETTER_BUCKET: "upstream",
    DEAD_LETTER_PREFIX: "dead/",
    CALLS_PER_SECOND: "1000",
    TENANT: CONTEXT.tenant,
    STAGE: CONTEXT.stage,
    ...env,
  };
  const defined = Object.entries(all).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
  return loadSerialized(await forwarderArchive(), Object.fromEntries(defined));
}

/**
 * The component with settings for tests. Dead letters go to the bucket `upstream`.
 *
 * @param changes settings that a test changes
 */
export function makeForwarder(changes: Partial<EventForwarderArgs> = {}): EventForwarder {
  return new EventForwarder("f", {
    context: { ...CONTEXT, buckets: { ...CONTEXT.buckets, upstream: "upstream" } },
    stream: { name: "events", arn: `arn:aws:kinesis:${CONTEXT.region}:${CONTEXT.account}:stream/events`, shards: 1, retentionHours: 24 },
    upstream: "arn:aws:s3:::upstream",
    trackingId: "tracking-id",
    ...changes,
  });
}
