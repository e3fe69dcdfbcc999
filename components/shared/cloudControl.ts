import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

type Tags = { Key: string; Value: string }[];

/** Properties of the CloudFormation types that the program uses: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Personalize.html */
export interface CloudControlTypes {
  "AWS::Personalize::DatasetGroup": { Name: string; Tags: Tags };
  /** `Schema` is an Avro schema as JSON text. */
  "AWS::Personalize::Schema": { Name: string; Schema: string; Tags: Tags };
  "AWS::Personalize::Dataset": {
    Name: string;
    DatasetType: "Interactions";
    DatasetGroupArn: pulumi.Input<string>;
    SchemaArn: pulumi.Input<string>;
    Tags: Tags;
  };
  "AWS::Personalize::EventTracker": { Name: string; DatasetGroupArn: pulumi.Input<string>; Tags: Tags };
}

/** Types whose tags can be updated. The service updates nothing of the others, although the provider would try to update a list. */
const TAGS_CHANGE = ["AWS::Personalize::EventTracker"];

/**
 * A resource that @pulumi/aws has no type for. Its `id` is the ARN; `properties` is JSON text, unknown at a first preview.
 * A replacement deletes first, because names are fixed and a dataset group can have only one tracker.
 */
export function cloudControl<T extends keyof CloudControlTypes>(
  typeName: T,
  name: string,
  desired: CloudControlTypes[T],
  opts: pulumi.CustomResourceOptions,
): aws.cloudcontrol.Resource {
  return new aws.cloudcontrol.Resource(
    name,
    { typeName, desiredState: pulumi.jsonStringify(desired) },
    { ...opts, deleteBeforeReplace: true, replaceOnChanges: TAGS_CHANGE.includes(typeName) ? [] : ["desiredState"] },
  );
}

/** Tags in the form of CloudFormation. */
export function cloudControlTags(tags: Record<string, string>): Tags {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
