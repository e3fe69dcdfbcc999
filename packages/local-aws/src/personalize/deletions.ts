import { z } from "zod";
import type { Json, Operation } from "../service";
import { DATASET, DATASET_GROUP, EVENT_TRACKER, SCHEMA } from "./controlPlane";
import { IMPORT_JOBS } from "./imports";
import { inUse, type Lifecycle, type Made } from "./lifecycle";
import { ARN, read } from "./requests";
import { CAMPAIGN, SOLUTION, SOLUTION_VERSION } from "./typeNames";

/** What is deleted, and what must not be there any more, or not be busy. */
interface Deletion {
  type: string;
  member: string;
  blocking: (lifecycle: Lifecycle, made: Made) => Made | undefined;
}

const isBusy = ({ status }: Made) => status === "CREATE PENDING" || status === "CREATE IN PROGRESS";

function campaignsOf(lifecycle: Lifecycle, DatasetGroupArn: unknown): Made[] {
  const versions = new Set(lifecycle.all(SOLUTION_VERSION, { DatasetGroupArn }).map(({ arn }) => arn));
  return lifecycle.all(CAMPAIGN).filter(({ properties }) => versions.has(String(properties.SolutionVersionArn)));
}

const DELETIONS: Deletion[] = [
  { type: EVENT_TRACKER, member: "eventTracker", blocking: () => undefined },
  { type: SCHEMA, member: "schema", blocking: (lifecycle, { arn }) => lifecycle.all(DATASET, { SchemaArn: arn }).at(0) },
  {
    type: DATASET,
    member: "dataset",
    blocking: (lifecycle, { arn, properties: { DatasetGroupArn } }) =>
      lifecycle.all(EVENT_TRACKER, { DatasetGroupArn }).at(0) ??
      campaignsOf(lifecycle, DatasetGroupArn).at(0) ??
      [...lifecycle.all(IMPORT_JOBS.type, { DatasetArn: arn }), ...lifecycle.all(SOLUTION_VERSION, { DatasetGroupArn })].find(isBusy),
  },
  {
    type: DATASET_GROUP,
    member: "datasetGroup",
    blocking: (lifecycle, { arn }) =>
      [EVENT_TRACKER, SOLUTION, DATASET].flatMap((type) => lifecycle.all(type, { DatasetGroupArn: arn })).at(0),
  },
];

/**
 * Deletions in the service's order: trackers and campaigns before their dataset, that before its schema, and all before their group.
 *
 * @see https://docs.aws.amazon.com/personalize/latest/dg/delete-dataset.html, https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteDatasetGroup.html
 */
export function deleteOperations(lifecycle: Lifecycle): Record<string, Operation> {
  return Object.fromEntries(DELETIONS.map((deletion) => [`Delete${upperFirst(deletion.member)}`, remove(lifecycle, deletion)]));
}

function remove(lifecycle: Lifecycle, { type, member, blocking }: Deletion): Operation {
  const key = `${member}Arn`;
  const shape = z.strictObject({ [key]: ARN });
  return {
    permissions: (input: Json) => [{ action: `personalize:Delete${upperFirst(member)}`, resource: String(input[key]) }],
    run: async (input) => {
      const made = lifecycle.ended(type, read(shape, input)[key]);
      const blocked = blocking(lifecycle, made);
      if (blocked) throw inUse(`${made.arn} cannot be deleted before ${blocked.arn}, which is in status ${blocked.status}.`);
      if (type === SCHEMA) lifecycle.forget(made);
      else lifecycle.remove(made);
      return {};
    },
  };
}

const upperFirst = (text: string): string => text[0].toUpperCase() + text.slice(1);
