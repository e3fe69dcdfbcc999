import { ServiceError } from "../service";

/** Who signed a request, and for which service. */
export interface Scope {
  accessKeyId: string;
  region: string;
  service: string;
}

const CREDENTIAL = /^([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request$/;

/**
 * Reads the credential scope of a SigV4 signature from the Authorization header or a presigned query.
 * The signature itself is not verified: the door is open to this machine alone, and an access key tells which role calls.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
 * @throws ServiceError MissingAuthenticationToken (403)
 */
export function readScope(authorization: string | undefined, url: string): Scope {
  const credential =
    /^AWS4-HMAC-SHA256 .*?Credential=([^,\s]+)/.exec(authorization ?? "")?.[1] ??
    new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("X-Amz-Credential");
  const [, accessKeyId, region, service] = CREDENTIAL.exec(credential ?? "") ?? [];
  if (accessKeyId === undefined) {
    throw new ServiceError("MissingAuthenticationToken", "A request must carry an AWS signature of version 4", 403);
  }
  return { accessKeyId, region, service };
}
