import { z } from "zod";

const days = (least: number) => z.int().min(least).optional();
const text = z.string().optional();
const flag = z.boolean().optional();

/**
 * Settings of a bucket that the local S3 checks and keeps, but does not act on: a run is shorter than any lifecycle,
 * its files are not encrypted, no access log is delivered, and a key has its newest version only.
 */
export const BUCKET_SETTINGS: Record<string, z.ZodRawShape> = {
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    blockPublicAcls: flag,
    blockPublicPolicy: flag,
    ignorePublicAcls: flag,
    restrictPublicBuckets: flag,
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    rule: z.strictObject({ objectOwnership: z.enum(["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]) }),
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    rules: z.array(
      z.strictObject({
        applyServerSideEncryptionByDefault: z
          .strictObject({ sseAlgorithm: z.enum(["AES256", "aws:kms", "aws:kms:dsse"]), kmsMasterKeyId: text })
          .optional(),
        bucketKeyEnabled: flag,
      }),
    ),
  },
  "aws:s3/bucketVersioning:BucketVersioning": {
    versioningConfiguration: z.strictObject({ status: z.enum(["Enabled", "Suspended", "Disabled"]) }),
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html */
    rules: z.array(
      z.strictObject({
        id: z.string(),
        status: z.enum(["Enabled", "Disabled"]),
        filter: z.strictObject({ prefix: text }).optional(),
        expiration: z.strictObject({ days: days(1), expiredObjectDeleteMarker: flag }).optional(),
        noncurrentVersionExpiration: z.strictObject({ noncurrentDays: days(1), newerNoncurrentVersions: days(1) }).optional(),
        abortIncompleteMultipartUpload: z.strictObject({ daysAfterInitiation: days(1) }).optional(),
      }),
    ),
  },
  "aws:s3/bucketLogging:BucketLogging": {
    targetBucket: z.string(),
    targetPrefix: z.string(),
    targetObjectKeyFormat: z
      .strictObject({
        simplePrefix: z.strictObject({}).optional(),
        partitionedPrefix: z.strictObject({ partitionDateSource: z.enum(["EventTime", "DeliveryTime"]) }).optional(),
      })
      .optional(),
  },
};
