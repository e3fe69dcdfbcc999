import type { RequiredPermission } from "../service";
import type { Catalog } from "./catalog";
import type { CopySource } from "./copySource";

/**
 * The permissions that S3 operations need; every need carries the bucket's policy. A bucket that does not exist
 * is NoSuchBucket to anyone, as on AWS.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
 */
export class Permissions {
  constructor(private readonly catalog: Catalog) {}

  /** @param context condition keys, such as `s3:prefix` */
  bucket(action: string, bucket: string, context?: Record<string, string>): RequiredPermission {
    const { policy: resourcePolicy } = this.catalog.bucket(bucket);
    return { action, resource: `arn:aws:s3:::${bucket}`, context, resourcePolicy };
  }

  object(action: string, bucket: string, key: string): RequiredPermission {
    const { policy: resourcePolicy } = this.catalog.bucket(bucket);
    return { action, resource: `arn:aws:s3:::${bucket}/${key}`, resourcePolicy };
  }

  /** Reading an object; that there is none is told only to those who may list the bucket at this key. */
  read(bucket: string, key: string): RequiredPermission[] {
    const need = this.object("s3:GetObject", bucket, key);
    const found = this.catalog.bucket(bucket).objects.has(key);
    return found ? [need] : [need, this.bucket("s3:ListBucket", bucket, { "s3:prefix": key })];
  }

  /** Writing an object: comparing its ETag, or copying into it, is reading as well. */
  write(bucket: string, key: string, { ifMatch, source }: { ifMatch?: string; source?: CopySource } = {}): RequiredPermission[] {
    return [
      this.object("s3:PutObject", bucket, key),
      ...(ifMatch === undefined ? [] : [this.object("s3:GetObject", bucket, key)]),
      ...(source ? this.read(source.bucket, source.key) : []),
    ];
  }
}
