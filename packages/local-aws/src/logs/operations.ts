import { z } from "zod";
import { operations } from "../operation";
import { paging } from "../paging";
import { ServiceError } from "../service";
import type { InputLogEvent, LogGroups } from "./logGroups";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;
const EVENT_OVERHEAD = 26;

export const GROUP_NAME = /^[.\-_/#A-Za-z0-9]+$/;
const logGroupName = z.string().min(1).max(512).regex(GROUP_NAME);
const logStreamName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^:*]*$/);
const logEvents = z
  .array(z.strictObject({ timestamp: z.int().min(0), message: z.string().min(1) }))
  .min(1)
  .max(MAX_EVENTS);

const pages = paging({ token: "nextToken", size: "limit", most: MAX_EVENTS, invalidToken: "InvalidParameterException" });

/** CreateLogGroup, CreateLogStream, PutLogEvents, GetLogEvents and FilterLogEvents. */
export function logOperations(groups: LogGroups) {
  const ofStream = (request: { logGroupName: string; logStreamName: string }): string =>
    groups.streamArn(request.logGroupName, request.logStreamName);
  const ofGroup = (request: { logGroupName: string }): string => groups.streamArn(request.logGroupName, "");

  return operations(
    { service: "logs", invalid: "InvalidParameterException" },
    {
      CreateLogGroup: {
        members: { logGroupName },
        resources: ofGroup,
        run: (request) => {
          groups.createGroup(request.logGroupName);
          return {};
        },
      },
      CreateLogStream: {
        members: { logGroupName, logStreamName },
        resources: ofStream,
        run: (request) => {
          groups.createStream(request.logGroupName, request.logStreamName);
          return {};
        },
      },
      PutLogEvents: {
        members: { logGroupName, logStreamName, logEvents },
        resources: ofStream,
        run: (request) => {
          checkEvents(request.logEvents);
          groups.put(request.logGroupName, request.logStreamName, request.logEvents);
          return {};
        },
      },
      /** The newest lines. */
      GetLogEvents: {
        members: { logGroupName, logStreamName },
        resources: ofStream,
        run: (request) => {
          const lines = groups.stream(request.logGroupName, request.logStreamName).slice(-MAX_EVENTS);
          return { events: lines.map(({ timestamp, ingestionTime, message }) => ({ timestamp, ingestionTime, message })) };
        },
      },
      /** The lines of all streams, in order of their time. */
      FilterLogEvents: {
        members: { logGroupName, ...pages.members },
        resources: ofGroup,
        run: (request) => {
          const lines = [...groups.group(request.logGroupName)]
            .flatMap(([name, events]) => events.map((event) => ({ logStreamName: name, ...event })))
            .sort((a, b) => a.timestamp - b.timestamp || (a.eventId < b.eventId ? -1 : 1));
          const { items: events, next } = pages.page(lines, request);
          return { events, searchedLogStreams: [], ...next };
        },
      },
    },
  );
}

/** @throws ServiceError InvalidParameterException */
function checkEvents(events: readonly InputLogEvent[]): void {
  const invalid = (message: string): ServiceError => new ServiceError("InvalidParameterException", message);
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + EVENT_OVERHEAD, 0);
  if (bytes > MAX_BYTES) throw invalid(`logEvents must have at most ${MAX_BYTES} bytes, got ${bytes}`);
  if (events.some(({ timestamp }, i) => i > 0 && timestamp < events[i - 1].timestamp)) {
    throw invalid("logEvents must be in chronological order");
  }
}
