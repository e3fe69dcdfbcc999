import type { Json } from "../service";
import { ServiceError } from "../service";
import { parseFolder, uriOf } from "./location";
import type { Asked } from "./queries";
import type { Workgroups } from "./workgroups";

/** https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html */
const TEXT_BYTES = 262_144;
const TOKEN = { least: 32, most: 128 };

interface Request {
  QueryString?: string;
  WorkGroup?: string;
  ClientRequestToken?: string;
  QueryExecutionContext?: { Database?: string; Catalog?: string };
  ResultConfiguration?: { OutputLocation?: string; ExpectedBucketOwner?: string; EncryptionConfiguration?: { EncryptionOption?: string } };
}

/**
 * What a query is to be, from StartQueryExecution's input and the workgroup's settings.
 *
 * @throws ServiceError InvalidRequestException
 */
export function settingsOf(input: Json, workgroups: Workgroups): Omit<Asked, "id"> {
  const {
    QueryString: text = "",
    WorkGroup = "primary",
    ClientRequestToken: token,
    QueryExecutionContext,
    ResultConfiguration,
  } = input as Request;
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > TEXT_BYTES) throw invalid(`QueryString must have 1 to ${TEXT_BYTES} bytes, got ${bytes}`);
  if (token !== undefined && (token.length < TOKEN.least || token.length > TOKEN.most)) {
    throw invalid(`ClientRequestToken must have ${TOKEN.least} to ${TOKEN.most} characters, got ${token.length}`);
  }
  const { Database: database, Catalog = "AwsDataCatalog", ...other } = QueryExecutionContext ?? {};
  refuse("QueryExecutionContext", other);
  if (Catalog.toLowerCase() !== "awsdatacatalog") throw invalid(`the local athena has no data catalog but AwsDataCatalog, got ${Catalog}`);
  const group = workgroups.find(WorkGroup);
  if (!group.enabled) throw invalid(`WorkGroup ${WorkGroup} is disabled.`);
  const { OutputLocation, ExpectedBucketOwner, EncryptionConfiguration, ...rest } = ResultConfiguration ?? {};
  refuse("ResultConfiguration", rest);
  if (EncryptionConfiguration && EncryptionConfiguration.EncryptionOption !== "SSE_S3") {
    throw invalid(`the local athena does not know the EncryptionOption ${String(EncryptionConfiguration.EncryptionOption)}`);
  }
  const own = group.enforced || OutputLocation === undefined;
  const output = own ? group.outputLocation : OutputLocation;
  if (output === undefined) {
    throw invalid(
      "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.",
    );
  }
  const folder = parseFolder(output);
  if (folder === undefined) throw invalid(`outputLocation is not a valid S3 path: ${output}`);
  const expectedBucketOwner = own ? group.expectedBucketOwner : ExpectedBucketOwner;
  return { text, token, workgroup: WorkGroup, database, outputLocation: uriOf(folder), expectedBucketOwner, cutoff: group.cutoff };
}

function refuse(where: string, unknown: Json): void {
  const [key] = Object.keys(unknown);
  if (key !== undefined) throw invalid(`the local athena does not know the member ${key} of ${where}`);
}

const invalid = (message: string): ServiceError => new ServiceError("InvalidRequestException", message);
