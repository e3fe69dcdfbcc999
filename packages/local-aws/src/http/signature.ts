import { ServiceError, type Service } from "../service";

/** Who signed a request, and for which service. */
export interface Scope {
  accessKeyId: string;
  region: string;
  service: string;
}

type Protocol = Service["protocol"];

const UNKNOWN_KEY = {
  json: "UnrecognizedClientException",
  restJson: "UnrecognizedClientException",
  restXml: "InvalidAccessKeyId",
  query: "InvalidClientTokenId",
};

const CREDENTIAL = /^([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request$/;

/**
 * Reads the credential scope of a SigV4 signature from the Authorization header.
 * The signature itself is not verified: the server listens on the loopback address only, and an access key tells which role calls.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
 * @throws ServiceError MissingAuthenticationToken (403), or NotImplemented for a presigned URL
 */
export function readScope(authorization: string | undefined, url: string): Scope {
  if (authorization === undefined && url.includes("X-Amz-Credential=")) {
    throw new ServiceError("NotImplemented", "the local cloud does not know presigned URLs (X-Amz-Credential)", 501);
  }
  const credential = /^AWS4-HMAC-SHA256 .*?Credential=([^,\s]+)/.exec(authorization ?? "")?.[1] ?? "";
  const [, accessKeyId, region, service] = CREDENTIAL.exec(credential) ?? [];
  if (accessKeyId === undefined) {
    throw new ServiceError("MissingAuthenticationToken", "A request must carry an AWS signature of version 4", 403);
  }
  return { accessKeyId, region, service };
}

/** The refusal of an unknown access key, with the code of the protocol's services (403). */
export function unknownKey(protocol: Protocol, { accessKeyId }: Scope): ServiceError {
  return new ServiceError(
    UNKNOWN_KEY[protocol],
    `The access key id ${accessKeyId} is not known to the local cloud, which issues new ones at every start`,
    403,
  );
}

/** The refusal of a signature for another region, with the code of the protocol's services. */
export function otherRegion(protocol: Protocol, { region }: Scope, expected: string): ServiceError {
  const message = `The local cloud is in ${expected}, the request is signed for ${region}`;
  return protocol === "restXml"
    ? new ServiceError("AuthorizationHeaderMalformed", message)
    : new ServiceError("InvalidSignatureException", message, 403);
}
