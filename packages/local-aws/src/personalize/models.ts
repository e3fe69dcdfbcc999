import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cloud } from "../service";
import type { Model } from "./recipes/model";

/** Keeps what a version was trained to. */
export async function writeModel(cloud: Cloud, versionArn: string, model: Model): Promise<void> {
  await writeFile(modelFile(cloud, versionArn), JSON.stringify(model));
}

/** What a version was trained to. */
export async function readModel(cloud: Cloud, versionArn: string): Promise<Model> {
  return JSON.parse(await readFile(modelFile(cloud, versionArn), "utf8")) as Model;
}

/** Forgets what a version was trained to, if it was. */
export async function removeModel(cloud: Cloud, versionArn: string): Promise<void> {
  await rm(modelFile(cloud, versionArn), { force: true });
}

/** Absolute path, also for a folder beside the file while it is made. */
export function modelFile(cloud: Cloud, versionArn: string): string {
  return join(cloud.store("personalize").folder, `model-${createHash("sha256").update(versionArn).digest("hex").slice(0, 16)}.json`);
}
