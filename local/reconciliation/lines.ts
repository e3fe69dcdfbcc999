import type { ProducedRecord } from "../interactions/records";

/** A line of a record, as the lake reads it. */
export interface ProducedLine {
  text: string;
  /** Why the whole line or some of its events are bad in the lake. */
  reason?: string;
  /** Indexes of the bad events. Absent when the whole line is bad, or all of it is good. */
  events?: readonly number[];
}

/** Reasons for which the forwarder takes nothing of a record; the lake has a reason for each line. */
const OF_WHOLE_RECORDS = ["lineBreakInJson", "badAggregate"];

/** What Firehose writes of a record, without the last newline: an aggregate is taken apart, each user record ends with a newline. */
export function writtenBytes({ data, userRecords }: Pick<ProducedRecord, "data" | "userRecords">): Buffer {
  if (userRecords === undefined) return data;
  return Buffer.concat(userRecords.flatMap((one, index) => [Buffer.from(index === 0 ? "" : "\n"), one]));
}

/** The lines that the lake reads of a record: they end at LF, CR or CRLF, and blank ones are no rows. */
export function producedLines({ data, userRecords, deadLetter }: ProducedRecord): ProducedLine[] {
  return (userRecords ?? [data]).flatMap((part, index) => {
    const userRecord = userRecords && index;
    return part
      .toString()
      .split(/\r\n|\n|\r/)
      .map((text, line): ProducedLine => ({ text, ...verdict(text, deadLetter, { userRecord, line }) }))
      .filter(({ text }) => text.trim() !== "");
  });
}

/** Where a line is. */
interface Place {
  userRecord: number | undefined;
  line: number;
}

function verdict(text: string, letter: ProducedRecord["deadLetter"], place: Place): Omit<ProducedLine, "text"> {
  if (letter === undefined) return {};
  const { reason, events, lines } = letter;
  if (lines === undefined) return OF_WHOLE_RECORDS.includes(reason) ? { reason: reasonInLake(text) } : { reason, events };
  const bad = lines.find(({ userRecord, line }) => userRecord === place.userRecord && line === place.line);
  return bad === undefined ? {} : { reason: bad.reason, events: bad.events };
}

/** Why a line is bad that is no event record. */
function reasonInLake(text: string): string {
  return text.includes("\ufffd") ? "badUtf8" : "badJson";
}
