import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { ColumnNames, Layout, Refusal } from "./firstRow";

/** One line of the table of descriptions, and what tells whether it still holds. */
export type Description = {
  /** `s3://` address, as Athena's "$path" has it. */
  object: string;
  etag: string;
  rules: string;
} & (Layout | Refusal);

/** Grows with every change of what descriptions say. */
const RULES = 1;

/** The rules of a description: after a change of the rules, or of the header names, all objects are read again. */
export function rulesFor(names: ColumnNames): string {
  return JSON.stringify([RULES, names]);
}

/** The object that the queries read as the table of descriptions. */
export class Descriptions {
  constructor(
    private readonly client: S3Client,
    private readonly address: { Bucket: string; Key: string },
  ) {}

  /** Descriptions by the object's address; none before the first run. */
  async read(): Promise<Map<string, Description>> {
    try {
      const { Body } = await this.client.send(new GetObjectCommand(this.address));
      const lines = ((await Body?.transformToString()) ?? "").split("\n").filter((line) => line !== "");
      return new Map(lines.map((line) => JSON.parse(line) as Description).map((described) => [described.object, described]));
    } catch (error) {
      if (error instanceof NoSuchKey) return new Map();
      throw error;
    }
  }

  /** Replaces all descriptions. */
  async write(descriptions: Iterable<Description>): Promise<void> {
    const Body = [...descriptions].map((described) => `${JSON.stringify(described)}\n`).join("");
    await this.client.send(new PutObjectCommand({ ...this.address, Body, ContentType: "application/x-ndjson" }));
  }
}
