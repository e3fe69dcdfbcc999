import type { Call, Cloud, Json, Operation, Reply } from "../service";
import { ServiceError } from "../service";
import { receiveText } from "./body";
import type { Catalog } from "./catalog";
import { CHECKSUM_HEADERS } from "./checksums";
import { checkWrite, readConditions } from "./conditions";
import { invalidRequest, malformedXml, notImplemented } from "./errors";
import type { Permissions } from "./permissions";
import { operation, type Request } from "./request";
import { parseXml } from "./xml";

const MAX_KEYS = 1000;
const ONE = "DELETE /{Bucket}/{Key+}";

/** DeleteObject and DeleteObjects. */
export function deleteOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  return {
    [ONE]: operation(cloud.account, {
      permissions: ({ bucket, key, headers }) => [
        permissions.object("s3:DeleteObject", bucket, key),
        ...(headers["if-match"] === undefined ? [] : [permissions.object("s3:GetObject", bucket, key)]),
      ],
      run: (request) => deleteObject(catalog, request),
    }),
    "POST /{Bucket}?delete": operation(cloud.account, {
      headers: CHECKSUM_HEADERS,
      permissions: () => [],
      run: (request, call) => deleteObjects(cloud, catalog, request, call),
    }),
  };
}

/** Deleting what is not there succeeds: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
async function deleteObject(catalog: Catalog, { bucket, key, headers }: Request): Promise<Reply> {
  await catalog.locked(bucket, key, async () => {
    const current = catalog.bucket(bucket).objects.get(key);
    checkWrite(key, current, { ifMatch: readConditions(headers).ifMatch });
    if (current) await catalog.commit({ op: "delete", bucket, key });
  });
  return { status: 204 };
}

/**
 * Deletes many keys; each is authorized on its own and has its own outcome.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
async function deleteObjects(cloud: Cloud, catalog: Catalog, { bucket, headers }: Request, { principal, body }: Call): Promise<Reply> {
  catalog.bucket(bucket);
  if (![...CHECKSUM_HEADERS, "content-md5", "x-amz-trailer"].some((name) => name in headers)) {
    throw invalidRequest("Missing required header for this request: Content-MD5 or x-amz-checksum-*");
  }
  const { members, items } = parseXml(await receiveText(headers, body), "Delete", "Object");
  if (items.length > MAX_KEYS) throw malformedXml(`A request must delete at most ${MAX_KEYS} keys, got ${items.length}`);
  const quiet = members.Quiet === "true";
  const outcomes = await Promise.all(
    items.map(async (item): Promise<Json> => {
      const { Key, ETag } = item;
      if (typeof Key !== "string" || Key === "") throw malformedXml("Every Object must have a Key");
      const unknown = Object.keys(item).find((name) => !["Key", "ETag", "#text"].includes(name));
      if (unknown !== undefined) throw notImplemented(`${unknown} of an Object to delete`);
      try {
        await cloud.call(principal, "s3", ONE, { Bucket: bucket, Key, headers: ETag === undefined ? {} : { "if-match": ETag } });
        return { Deleted: { Key } };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        return { Error: { Key, Code: error.code, Message: error.message } };
      }
    }),
  );
  const pick = (name: string): Json[] => outcomes.flatMap((outcome) => (name in outcome ? [outcome[name] as Json] : []));
  return { output: { DeleteResult: { Deleted: quiet ? [] : pick("Deleted"), Error: pick("Error") } } };
}
