import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

type Tags = { Key: string; Value: string }[];

/** Properties of the CloudFormation types that the program uses: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Personalize.html */
export interface CloudControlTypes {
  "AWS::Personalize::DatasetGroup": { Name: string; Tags: Tags };
  /** `Schema` is an Avro schema as JSON text. Schemas have no tags: https://docs.aws.amazon.com/personalize/latest/dg/tagging-resources.html */
  "AWS::Personalize::Schema": { Name: string; Schema: string };
  "AWS::Personalize::Dataset": {
    Name: string;
    DatasetType: "Interactions";
    DatasetGroupArn: pulumi.Input<string>;
    SchemaArn: pulumi.Input<string>;
    Tags: Tags;
  };
  "AWS::Personalize::EventTracker": { Name: string; DatasetGroupArn: pulumi.Input<string>; Tags: Tags };
}

/**
 * A resource that @pulumi/aws has no type for. Its `id` is the ARN; `properties` is JSON text, unknown at a first preview.
 *
 * Every change replaces, because the service updates nothing but an event tracker's tags. So a change of tags, which follow from tenant,
 * stage and project, would cost a dataset its events. A replacement deletes first, because names are fixed and a dataset group can have
 * only one tracker; before this resource go those whose desired state derives from its `id`.
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
    { ...opts, deleteBeforeReplace: true, replaceOnChanges: ["desiredState"] },
  );
}

/** Tags in the form of CloudFormation. */
export function cloudControlTags(tags: Record<string, string>): Tags {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
