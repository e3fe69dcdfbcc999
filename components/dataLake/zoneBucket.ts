import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Zone } from "../shared/naming";
import type { Policy } from "../shared/policies";
import type { TenantContext } from "../shared/tenantContext";

export interface ZoneBucketArgs {
  context: TenantContext;
  zone: Zone;
  /** The whole bucket policy. */
  policy: Policy;
  /** Days after which every object expires. @default objects do not expire */
  expireAfterDays?: number;
  /** Bucket that receives the access logs below `s3_access/<zone>/`. @default no access logs */
  accessLogs?: ZoneBucket;
  /** Whether the bucket refuses deletion, and is kept with all its settings when it is removed from the program. @default false */
  protect?: boolean;
  /** Whether deletion empties the bucket first. @default false */
  forceDestroy?: boolean;
}

/** Days after which superseded versions are deleted. */
const NONCURRENT_DAYS = 30;
/** Days after which unfinished multipart uploads are aborted. */
const UNFINISHED_UPLOAD_DAYS = 7;

/** One bucket of a lake: private, encrypted, versioned, TLS only. */
export class ZoneBucket extends pulumi.ComponentResource {
  readonly bucket: aws.s3.Bucket;
  readonly policy: aws.s3.BucketPolicy;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: ZoneBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    const { accessLogs, ...shown } = args;
    super("c360:lake:ZoneBucket", name, shown, opts);
    const { context, zone, protect = false, forceDestroy = false } = args;
    const parent = { parent: this, retainOnDelete: protect };

    this.bucket = new aws.s3.Bucket(
      `${name}-bucket`,
      { bucket: context.buckets[zone], forceDestroy, tags: context.tags },
      { ...parent, protect },
    );
    const bucket = this.bucket.bucket;
    const access = new aws.s3.BucketPublicAccessBlock(
      `${name}-access`,
      { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      parent,
    );
    const rule = { objectOwnership: "BucketOwnerEnforced" };
    new aws.s3.BucketOwnershipControls(`${name}-ownership`, { bucket, rule }, parent);
    new aws.s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      { bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
      parent,
    );
    const versioning = new aws.s3.BucketVersioning(
      `${name}-versioning`,
      { bucket, versioningConfiguration: { status: "Enabled" } },
      parent,
    );
    new aws.s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      { bucket, rules: lifecycleRules(args.expireAfterDays) },
      { ...parent, dependsOn: [versioning] },
    );
    this.policy = new aws.s3.BucketPolicy(`${name}-policy`, { bucket, policy: args.policy }, { ...parent, dependsOn: [access] });
    if (accessLogs) {
      new aws.s3.BucketLogging(
        `${name}-logging`,
        { bucket, targetBucket: accessLogs.bucket.bucket, targetPrefix: `s3_access/${zone}/` },
        { ...parent, dependsOn: [accessLogs.policy] },
      );
    }

    this.arn = this.bucket.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

function lifecycleRules(expireAfterDays: number | undefined): aws.types.input.s3.BucketLifecycleConfigurationRule[] {
  const tidy = {
    id: "tidy",
    status: "Enabled",
    filter: {},
    abortIncompleteMultipartUpload: { daysAfterInitiation: UNFINISHED_UPLOAD_DAYS },
  };
  if (expireAfterDays === undefined) {
    return [{ ...tidy, expiration: { expiredObjectDeleteMarker: true }, noncurrentVersionExpiration: { noncurrentDays: NONCURRENT_DAYS } }];
  }
  return [
    { ...tidy, expiration: { days: expireAfterDays }, noncurrentVersionExpiration: { noncurrentDays: 1 } },
    { id: "deleteMarkers", status: "Enabled", filter: {}, expiration: { expiredObjectDeleteMarker: true } },
  ];
}
