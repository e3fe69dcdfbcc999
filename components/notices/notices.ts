import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { physicalName } from "../shared/naming";
import { policy, type Statement } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";

export interface NoticesArgs {
  context: TenantContext;
  /** Address that gets every notice once its owner has confirmed the subscription. @default nobody is subscribed */
  email?: string;
}

/** All that a topic policy can name; SNS refuses wildcards: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html */
const TOPIC_ACTIONS = [
  "sns:AddPermission",
  "sns:DeleteTopic",
  "sns:GetTopicAttributes",
  "sns:ListSubscriptionsByTopic",
  "sns:Publish",
  "sns:RemovePermission",
  "sns:SetTopicAttributes",
  "sns:Subscribe",
];

/**
 * The topic to which a tenant's pipeline publishes what people should know.
 *
 * It has no KMS key: SNS encrypts its disks anyway, notices hold no personal data, and CloudWatch alarms cannot publish to a topic with
 * the key `alias/aws/sns`: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
 */
export class Notices extends pulumi.ComponentResource {
  readonly topic: aws.sns.Topic;
  /** ARN of the topic, known at preview. */
  readonly topicArn: string;

  constructor(name: string, args: NoticesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:notices:Notices", name, args, opts);
    const { context, email } = args;
    const parent = { parent: this };
    const topicName = physicalName("topic", context, "notices");
    this.topicArn = arnsOf(context).topic(topicName);

    this.topic = new aws.sns.Topic(`${name}-topic`, { name: topicName, tags: context.tags }, parent);
    new aws.sns.TopicPolicy(`${name}-policy`, { arn: this.topic.arn, policy: policy(denyInsecureTransport(this.topicArn)) }, parent);
    if (email !== undefined) {
      new aws.sns.TopicSubscription(`${name}-email`, { topic: this.topic.arn, protocol: "email", endpoint: email }, parent);
    }

    this.registerOutputs({ topicArn: this.topic.arn });
  }
}

/** Denies every request without TLS. */
function denyInsecureTransport(topicArn: string): Statement {
  return {
    Sid: "DenyInsecureTransport",
    Effect: "Deny",
    Principal: "*",
    Action: TOPIC_ACTIONS,
    Resource: topicArn,
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}
