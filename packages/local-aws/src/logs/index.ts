import { autoName } from "../autoName";
import type { Json, ResourceType, ServiceFactory } from "../service";
import { LogGroups } from "./logGroups";
import { logOperations } from "./operations";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** CloudWatch Logs. Lines stay whatever their group's retention says: a local run is shorter than a day. */
export const logs: ServiceFactory = (cloud) => {
  const groups = new LogGroups(cloud);
  return {
    signingName: "logs",
    protocol: "json",
    resources: { "aws:cloudwatch/logGroup:LogGroup": logGroup(groups), "aws:cloudwatch/logStream:LogStream": logStream(groups) },
    operations: logOperations(groups),
    restore: () => groups.restore(),
  };
};

function logGroup(groups: LogGroups): ResourceType {
  return {
    inputs: ["name", "retentionInDays", "kmsKeyId", "logGroupClass", "skipDestroy", "tags"],
    check: checkLogGroup,
    create: async (inputs, urn) => {
      const { name = autoName(urn), retentionInDays, tags = {} } = inputs as { name?: string; retentionInDays?: number; tags?: Json };
      await groups.createGroup(name, retentionInDays);
      return { id: name, state: { name, arn: groups.groupArn(name), tagsAll: tags } };
    },
  };
}

function logStream(groups: LogGroups): ResourceType {
  return {
    inputs: ["name", "logGroupName"],
    create: async (inputs, urn) => {
      const { name = autoName(urn), logGroupName } = inputs as { name?: string; logGroupName: string };
      await groups.createStream(logGroupName, name);
      return { id: name, state: { name, arn: groups.streamArn(logGroupName, name) } };
    },
  };
}

function checkLogGroup(inputs: Json): void {
  const { name, retentionInDays, logGroupClass } = inputs as { name?: string; retentionInDays?: number; logGroupClass?: string };
  const wrong = (key: string, rule: string, value: unknown): Error =>
    new Error(`LogGroup "${name}": ${key} must be ${rule}, got ${String(value)}`);
  if (name !== undefined && !/^[\w./#-]{1,512}$/.test(name)) throw wrong("name", "1 to 512 of a-z, A-Z, 0-9, _, -, /, . and #", name);
  if (retentionInDays !== undefined && !RETENTION_DAYS.includes(retentionInDays)) {
    throw wrong("retentionInDays", `one of ${RETENTION_DAYS.join(", ")}`, retentionInDays);
  }
  if (logGroupClass !== undefined && logGroupClass !== "STANDARD") {
    throw wrong("logGroupClass", "STANDARD in the local cloud", logGroupClass);
  }
}

/** The resource's logical name with seven hexadecimal digits, as the Pulumi provider names what has no name. */
