/** A bucket and a key or key prefix. */
export interface Location {
  bucket: string;
  key: string;
}

/** Parses `s3://bucket/key`; undefined when the URI has another form. */
export function parseLocation(uri: string): Location | undefined {
  const [, bucket, key = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(uri) ?? [];
  return bucket === undefined ? undefined : { bucket, key };
}

/** The location as a folder: its key ends with a slash, or is empty. */
export function parseFolder(uri: string): Location | undefined {
  const location = parseLocation(uri);
  return location && { ...location, key: location.key.replace(/([^/])$/, "$1/") };
}

export const uriOf = ({ bucket, key }: Location): string => `s3://${bucket}/${key}`;
