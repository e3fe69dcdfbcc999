import { count, flag, listOf, members, oneOf, text, type Shape } from "./shapes";

/**
 * Settings of a bucket that the local S3 checks and keeps, but does not act on: a run is shorter than any lifecycle,
 * its files are not encrypted, no access log is delivered, and a key holds its newest version only.
 */
export const BUCKET_SETTINGS: Record<string, Record<string, Shape>> = {
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    blockPublicAcls: flag,
    blockPublicPolicy: flag,
    ignorePublicAcls: flag,
    restrictPublicBuckets: flag,
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    rule: members({ objectOwnership: oneOf("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter") }),
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    rules: listOf(
      members({
        applyServerSideEncryptionByDefault: members({ sseAlgorithm: oneOf("AES256", "aws:kms", "aws:kms:dsse"), kmsMasterKeyId: text }),
        bucketKeyEnabled: flag,
      }),
    ),
  },
  "aws:s3/bucketVersioning:BucketVersioning": {
    versioningConfiguration: members({ status: oneOf("Enabled", "Suspended", "Disabled"), mfaDelete: oneOf("Disabled") }),
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": { rules: listOf(lifecycleRule()) },
  "aws:s3/bucketLogging:BucketLogging": {
    targetBucket: text,
    targetPrefix: text,
    targetObjectKeyFormat: members({
      simplePrefix: members({}),
      partitionedPrefix: members({ partitionDateSource: oneOf("EventTime", "DeliveryTime") }),
    }),
  },
};

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html */
function lifecycleRule(): Shape {
  const tag = members({ key: text, value: text });
  const sizes = { objectSizeGreaterThan: count(0), objectSizeLessThan: count(1) };
  const storageClass = oneOf("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR");
  return members({
    id: text,
    status: oneOf("Enabled", "Disabled"),
    prefix: text,
    filter: members({ prefix: text, tag, ...sizes, and: members({ prefix: text, tags: members({}), ...sizes }) }),
    expiration: members({ days: count(1), date: text, expiredObjectDeleteMarker: flag }),
    transitions: listOf(members({ days: count(0), date: text, storageClass })),
    noncurrentVersionExpiration: members({ noncurrentDays: count(1), newerNoncurrentVersions: count(1) }),
    noncurrentVersionTransitions: listOf(members({ noncurrentDays: count(0), newerNoncurrentVersions: count(1), storageClass })),
    abortIncompleteMultipartUpload: members({ daysAfterInitiation: count(1) }),
  });
}
