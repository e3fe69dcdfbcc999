import { XMLParser } from "fast-xml-parser";
import type { Cloud, Json } from "../service";
import { checksumElement } from "./checksums";
import { malformedXml } from "./errors";
import type { Checksum } from "./types";

/**
 * Reads a request's XML; every value stays a string.
 *
 * @param root its root element
 * @param list the element that repeats
 * @returns the root's members and its list
 * @throws ServiceError MalformedXML
 */
export function parseXml(text: string, root: string, list: string): { members: Json; items: Record<string, string>[] } {
  const parser = new XMLParser({
    ignoreAttributes: true,
    parseTagValue: false,
    trimValues: false,
    htmlEntities: true,
    processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
    isArray: (name) => name === list,
  });
  let document: Json;
  try {
    document = parser.parse(text, true) as Json;
  } catch {
    throw malformedXml("The XML you provided was not well-formed");
  }
  const members = document[root];
  if (members === null || typeof members !== "object") throw malformedXml(`The XML you provided must have the root ${root}`);
  const items = (members as Json)[list];
  if (!Array.isArray(items) || items.some((item) => typeof item !== "object")) {
    throw malformedXml(`The XML you provided must hold ${list} elements in ${root}`);
  }
  return { members: members as Json, items: items as Record<string, string>[] };
}

/** A checksum as an answer's XML has it. */
export function checksumMembers(checksum: Checksum | undefined): Json {
  return checksum ? { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type } : {};
}

/** The time of a change, in epoch milliseconds: S3 keeps whole seconds. */
export function seconds({ clock }: Pick<Cloud, "clock">): number {
  return Math.floor(clock.now() / 1000) * 1000;
}
