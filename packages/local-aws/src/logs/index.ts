import { z } from "zod";
import { autoName } from "../autoName";
import { inputsOf } from "../inputs";
import type { Json, ResourceType, ServiceFactory } from "../service";
import { LogGroups } from "./logGroups";
import { GROUP_NAME, logOperations } from "./operations";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** CloudWatch Logs: groups, streams and their lines in memory. */
export const logs: ServiceFactory = (cloud) => {
  const groups = new LogGroups(cloud);
  return {
    signingName: "logs",
    protocol: "json",
    resources: { "aws:cloudwatch/logGroup:LogGroup": logGroup(groups), "aws:cloudwatch/logStream:LogStream": logStream(groups) },
    operations: logOperations(groups),
  };
};

const title =
  (type: string) =>
  ({ name }: Json): string =>
    `${type}${name === undefined ? "" : ` "${name as string}"`}`;

function logGroup(groups: LogGroups): ResourceType {
  const { names, check, read } = inputsOf(
    z.strictObject({
      name: z.string().max(512).regex(GROUP_NAME, "1 to 512 of a-z, A-Z, 0-9, _, -, /, . and #").optional(),
      retentionInDays: z.literal(RETENTION_DAYS).optional(),
      tags: z.record(z.string(), z.string()).default({}),
    }),
    title("LogGroup"),
  );
  return {
    inputs: names,
    check,
    create: async (inputs, urn) => {
      const { name = autoName(urn), tags } = read(inputs);
      groups.createGroup(name);
      return { id: name, state: { name, arn: groups.groupArn(name), tagsAll: tags } };
    },
  };
}

function logStream(groups: LogGroups): ResourceType {
  const { names, check, read } = inputsOf(z.strictObject({ name: z.string().optional(), logGroupName: z.string() }), title("LogStream"));
  return {
    inputs: names,
    check,
    create: async (inputs, urn) => {
      const { name = autoName(urn), logGroupName } = read(inputs);
      groups.createStream(logGroupName, name);
      return { id: name, state: { name, arn: groups.streamArn(logGroupName, name) } };
    },
  };
}
