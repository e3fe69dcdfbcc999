import { ServiceError, type Json, type Operation } from "../service";
import type { InputLogEvent, LogEvent, LogGroups } from "./logGroups";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;
const EVENT_OVERHEAD = 26;
const DEFAULT_PAGE = 50;

/** Members of the requests that are served; any other one is refused by name. */
interface Request {
  logGroupName: string;
  logStreamName: string;
  logEvents: InputLogEvent[];
  logStreamNames?: string[];
  logStreamNamePrefix?: string;
  logGroupNamePrefix?: string;
  filterPattern?: string;
  startTime?: number;
  endTime?: number;
  startFromHead?: boolean;
  limit?: number;
  nextToken?: string;
}

/** The operations of CloudWatch Logs. */
export function logOperations(groups: LogGroups): Record<string, Operation> {
  const ofStream = ({ logGroupName, logStreamName }: Request): string => groups.streamArn(logGroupName, logStreamName);
  const ofGroup = ({ logGroupName }: Request): string => groups.streamArn(logGroupName, "");
  const ofAccount = (): string => groups.streamArn("", "");

  return {
    CreateLogGroup: operation("CreateLogGroup", ["logGroupName"], ofGroup, async ({ logGroupName }) => {
      await groups.createGroup(logGroupName);
      return {};
    }),
    CreateLogStream: operation("CreateLogStream", ["logGroupName", "logStreamName"], ofStream, async (request) => {
      await groups.createStream(request.logGroupName, request.logStreamName);
      return {};
    }),
    PutLogEvents: operation("PutLogEvents", ["logGroupName", "logStreamName", "logEvents"], ofStream, async (request) => {
      checkEvents(request.logEvents);
      await groups.put(request.logGroupName, request.logStreamName, request.logEvents);
      return {};
    }),
    GetLogEvents: operation("GetLogEvents", [...READ, "logStreamName", "startFromHead"], ofStream, async (request) =>
      getLogEvents(groups.stream(request.logGroupName, request.logStreamName), request),
    ),
    FilterLogEvents: operation(
      "FilterLogEvents",
      [...READ, "logStreamNames", "logStreamNamePrefix", "filterPattern"],
      ofGroup,
      async (request) => filterLogEvents(groups.group(request.logGroupName).streams, request),
    ),
    DescribeLogGroups: operation("DescribeLogGroups", [...PAGED, "logGroupNamePrefix"], ofAccount, async (request) => {
      const found = groups.all().filter(({ name }) => name.startsWith(request.logGroupNamePrefix ?? ""));
      const { items, token } = page(found, request, DEFAULT_PAGE);
      const logGroups = items.map(({ name, createdAt, retentionInDays }) => ({
        logGroupName: name,
        creationTime: createdAt,
        arn: `${groups.groupArn(name)}:*`,
        logGroupArn: groups.groupArn(name),
        ...(retentionInDays === 0 ? {} : { retentionInDays }),
      }));
      return { logGroups, ...token };
    }),
    DescribeLogStreams: operation("DescribeLogStreams", [...PAGED, "logGroupName", "logStreamNamePrefix"], ofGroup, async (request) => {
      const { streams } = groups.group(request.logGroupName);
      const names = [...streams.keys()].filter((name) => name.startsWith(request.logStreamNamePrefix ?? "")).sort();
      const { items, token } = page(names, request, DEFAULT_PAGE);
      const logStreams = items.map((name) => ({ logStreamName: name, arn: groups.streamArn(request.logGroupName, name) }));
      return { logStreams, ...token };
    }),
  };
}

const PAGED = ["limit", "nextToken"];
const READ = [...PAGED, "logGroupName", "startTime", "endTime"];

function operation(
  name: string,
  members: string[],
  resource: (request: Request) => string,
  answer: (request: Request) => Promise<Json>,
): Operation {
  return {
    permissions: (input) => [{ action: `logs:${name}`, resource: resource(input as unknown as Request) }],
    run: async (input) => {
      const unknown = Object.keys(input).find((member) => !members.includes(member));
      if (unknown !== undefined)
        throw new ServiceError("NotImplemented", `the local logs do not know the member ${unknown} of ${name}`, 501);
      return { output: await answer(input as unknown as Request) };
    },
  };
}

function getLogEvents(lines: LogEvent[], request: Request): Json {
  const found = lines.filter((line) => within(line, request));
  const limit = request.limit ?? MAX_EVENTS;
  const newest = request.startFromHead === true ? 0 : Math.max(0, found.length - limit);
  const from = request.nextToken === undefined ? newest : Number(request.nextToken);
  const events = found.slice(from, from + limit).map(({ timestamp, ingestionTime, message }) => ({ timestamp, ingestionTime, message }));
  return { events, nextForwardToken: String(from + events.length), nextBackwardToken: String(Math.max(0, from - limit)) };
}

function filterLogEvents(streams: ReadonlyMap<string, LogEvent[]>, request: Request): Json {
  const { logStreamNames: names, logStreamNamePrefix: prefix = "" } = request;
  const terms = termsOf(request.filterPattern);
  const found = [...streams]
    .filter(([name]) => name.startsWith(prefix) && (names === undefined || names.includes(name)))
    .flatMap(([logStreamName, lines]) => lines.map((line) => ({ logStreamName, ...line })))
    .filter((line) => within(line, request) && terms.every((term) => line.message.includes(term)))
    .sort((a, b) => a.timestamp - b.timestamp || (a.eventId < b.eventId ? -1 : 1));
  const { items: events, token } = page(found, request, MAX_EVENTS);
  return { events, searchedLogStreams: [], ...token };
}

const within = ({ timestamp }: LogEvent, { startTime = -Infinity, endTime = Infinity }: Request): boolean =>
  timestamp >= startTime && timestamp <= endTime;

/** Terms that must all occur; the pattern languages for JSON, fields, exclusions and regular expressions are refused. */
function termsOf(pattern = ""): string[] {
  if (/^\s*[{[]|(^|\s)[-?%]/.test(pattern)) throw invalid(`the local logs know only plain and quoted terms, got filterPattern ${pattern}`);
  return [...pattern.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word);
}

function checkEvents(events: InputLogEvent[]): void {
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + EVENT_OVERHEAD, 0);
  if (events.length === 0 || events.length > MAX_EVENTS)
    throw invalid(`logEvents must hold 1 to ${MAX_EVENTS} events, got ${events.length}`);
  if (bytes > MAX_BYTES) throw invalid(`logEvents must have at most ${MAX_BYTES} bytes, got ${bytes}`);
  if (events.some(({ timestamp }, i) => i > 0 && timestamp < events[i - 1].timestamp)) {
    throw invalid("logEvents must be in chronological order");
  }
}

function page<T>(all: T[], { nextToken, limit }: Request, most: number): { items: T[]; token: { nextToken?: string } } {
  const from = Number(nextToken ?? 0);
  const to = from + (limit ?? most);
  return { items: all.slice(from, to), token: to < all.length ? { nextToken: String(to) } : {} };
}

const invalid = (message: string): ServiceError => new ServiceError("InvalidParameterException", message);
