import { randomUUID } from "node:crypto";
import { z } from "zod";
import { autoName } from "../autoName";
import { list, parsePolicy, statements } from "../iam/policy";
import { inputsOf } from "../inputs";
import { queryOperation } from "../queryReply";
import { ServiceError, type Cloud, type Operation, type Policy, type ResourceType, type Service } from "../service";

const SNS = { service: "sns", invalid: "InvalidParameter", namespace: "http://sns.amazonaws.com/doc/2010-03-31/" };

const MAX_MESSAGE_BYTES = 262_144;

/** What a topic policy can name: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html */
const POLICY_ACTIONS = [
  ...["AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "RemovePermission"],
  ...["SetTopicAttributes", "Subscribe"],
].map((action) => `sns:${action}`.toLowerCase());

/** The topics of an account, by ARN. */
type Topics = Map<string, { policy?: Policy }>;

/** SNS: topics, whose messages go to the log `messages`. Nothing is delivered to subscribers. */
export function sns(cloud: Cloud): Service {
  const topics: Topics = new Map();
  return {
    signingName: "sns",
    protocol: "query",
    resources: {
      "aws:sns/topic:Topic": topic(topics, cloud),
      "aws:sns/topicPolicy:TopicPolicy": topicPolicy(topics),
      "aws:sns/topicSubscription:TopicSubscription": topicSubscription(topics, cloud),
    },
    operations: publish(topics, cloud),
  };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
function topic(topics: Topics, { region, account }: Cloud): ResourceType {
  const { names, check, read } = inputsOf(
    z.strictObject({
      name: z
        .string()
        .regex(/^[\w-]{1,256}$/, "1 to 256 of a-z, A-Z, 0-9, _ and -")
        .optional(),
      tags: z.record(z.string(), z.string()).default({}),
    }),
    ({ name }) => `Topic${typeof name === "string" ? ` "${name}"` : ""}`,
  );
  return {
    inputs: names,
    check,
    create: async (inputs, urn) => {
      const { name = autoName(urn), tags } = read(inputs);
      const arn = `arn:aws:sns:${region}:${account}:${name}`;
      if (!topics.has(arn)) topics.set(arn, {});
      return { id: arn, state: { arn, name, owner: account, tagsAll: tags } };
    },
  };
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-using-bucket.html: every statement names a principal and known actions. */
function topicPolicy(topics: Topics): ResourceType {
  const { names, check, read } = inputsOf(
    z.strictObject({ arn: z.string(), policy: z.unknown() }),
    () => "TopicPolicy",
    ({ policy }) => {
      if (policy !== undefined) readPolicy(policy);
    },
  );
  return {
    inputs: names,
    check,
    create: async (inputs) => {
      const { arn, policy } = read(inputs);
      found(topics, arn).policy = readPolicy(policy);
      return { id: arn, state: {} };
    },
  };
}

/** @throws Error naming what the service refuses */
function readPolicy(document: unknown): Policy {
  const policy = parsePolicy(document, "policy");
  for (const { Action, Principal } of statements(policy)) {
    const unknown = list(Action).find((action) => !POLICY_ACTIONS.includes(action.toLowerCase()));
    if (unknown !== undefined) throw new Error(`policy: Policy statement action out of service scope: ${unknown}`);
    if (Principal === undefined) throw new Error("policy: a statement of a topic policy must have a Principal");
  }
  return policy;
}

/** A subscription by email, whose owner never confirms it here. */
function topicSubscription(topics: Topics, { account }: Cloud): ResourceType {
  const { names, check, read } = inputsOf(
    z.strictObject({ topic: z.string(), protocol: z.literal("email", "email in the local cloud"), endpoint: z.email("an email address") }),
    () => "TopicSubscription",
  );
  return {
    inputs: names,
    check,
    create: async (inputs) => {
      const { topic: topicArn } = read(inputs);
      found(topics, topicArn);
      const arn = `${topicArn}:${randomUUID()}`;
      return { id: arn, state: { arn, ownerId: account, pendingConfirmation: true } };
    },
  };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
function publish(topics: Topics, cloud: Cloud): Record<string, Operation> {
  return queryOperation(SNS, "Publish", {
    members: {
      Version: z.literal("2010-03-31").optional(),
      TopicArn: z.string(),
      Message: z
        .string()
        .min(1)
        .refine((text) => Buffer.byteLength(text) <= MAX_MESSAGE_BYTES, `Member must have at most ${MAX_MESSAGE_BYTES} bytes`),
      Subject: z
        .string()
        .regex(/^[!-~][ -~]{0,98}$/)
        .optional(),
    },
    resources: () => [],
    alsoNeeds: ({ TopicArn }) => [{ action: "sns:Publish", resource: TopicArn, resourcePolicy: topics.get(TopicArn)?.policy }],
    run: async ({ TopicArn, Subject, Message }) => {
      found(topics, TopicArn);
      const MessageId = randomUUID();
      await cloud.store("sns").append("messages", {
        at: cloud.clock.now(),
        topicArn: TopicArn,
        messageId: MessageId,
        subject: Subject,
        message: Message,
      });
      return { MessageId };
    },
  });
}

/** @throws ServiceError NotFound */
function found(topics: Topics, arn: string): { policy?: Policy } {
  const known = topics.get(arn);
  if (known === undefined) throw new ServiceError("NotFound", "Topic does not exist", 404);
  return known;
}
