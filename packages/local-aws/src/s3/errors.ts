import { ServiceError } from "../service";

// Codes and statuses: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

export const noSuchBucket = (bucket: string): ServiceError =>
  new ServiceError("NoSuchBucket", `The specified bucket does not exist: ${bucket}`, 404);

export const noSuchKey = (key: string): ServiceError => new ServiceError("NoSuchKey", `The specified key does not exist: ${key}`, 404);

export const noSuchUpload = (id: string): ServiceError =>
  new ServiceError(
    "NoSuchUpload",
    `The specified multipart upload does not exist; it may have been completed or aborted, or its id is invalid: ${id}`,
    404,
  );

export const invalidArgument = (message: string): ServiceError => new ServiceError("InvalidArgument", message);

export const invalidRequest = (message: string): ServiceError => new ServiceError("InvalidRequest", message);

export const badDigest = (name: string): ServiceError =>
  new ServiceError("BadDigest", `The ${name} you specified did not match what the received body has`);

export const incompleteBody = (message: string): ServiceError => new ServiceError("IncompleteBody", message);

export const malformedXml = (message: string): ServiceError => new ServiceError("MalformedXML", message);

export const preconditionFailed = (condition: string): ServiceError =>
  new ServiceError("PreconditionFailed", `At least one of the preconditions that you specified did not hold: ${condition}`, 412);

export const notImplemented = (what: string): ServiceError =>
  new ServiceError("NotImplemented", `the local S3 does not implement ${what}`, 501);

export const entityTooLarge = (size: number, limit: number): ServiceError =>
  new ServiceError("EntityTooLarge", `Your proposed upload has ${size} bytes, more than the ${limit} that are allowed`);
