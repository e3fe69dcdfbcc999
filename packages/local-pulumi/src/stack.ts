import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { Json } from "./wire";
import { applyOverride, configKey, configText, projectDefault } from "./stackConfig";
import { oneLine } from "./problems";
import { isObject } from "./wire";

/** A program and the stack to run it for. */
export interface Stack {
  /** Absolute path, free of links, of the folder with Pulumi.yaml. */
  programDir: string;
  project: string;
  stack: string;
  typescript: boolean;
  /** Texts by full key (`aws:region`); structured values are JSON. */
  config: Record<string, string>;
}

/** A stack that cannot be read: unknown, or a file or a setting that is wrong. */
export class StackError extends Error {
  override name = "StackError";
}

const PROJECT_KEYS = ["name", "description", "runtime", "author", "website", "license", "config"];
const STACK_KEYS = ["config", "encryptionsalt", "secretsprovider", "encryptedkey"];

/** How to read a stack. */
export interface ReadOptions {
  /** `key=value`, set last; a key without namespace is the project's, `key.member=value` sets within an object. @default none */
  overrides?: readonly string[];
  /** Rule for the names of stacks that may do without a file. @default every stack has a file */
  withoutFile?: { accepts: (stack: string) => boolean; rule: string };
}

/**
 * Reads Pulumi.yaml and Pulumi.<stack>.yaml.
 *
 * @throws StackError of one line
 */
export async function readStack(programDir: string, stack: string, { overrides = [], withoutFile }: ReadOptions = {}): Promise<Stack> {
  const file = "Pulumi.yaml";
  const project = await readYaml(join(programDir, file));
  if (project === undefined) throw new StackError(`${join(programDir, file)} does not exist`);
  return wrap(async () => {
    allow(file, project, PROJECT_KEYS);
    const { name } = project;
    if (typeof name !== "string") throw new Error(`${file}: name must be a text, got ${JSON.stringify(name)}`);
    const config = {
      ...projectConfig(file, name, members(file, "config", project.config)),
      ...(await stackConfig(programDir, name, stack, withoutFile)),
    };
    for (const override of overrides) applyOverride(config, name, override);
    const texts = Object.entries(config).map(([key, value]) => [key, configText(key, value)]);
    return {
      programDir: await realpath(programDir),
      ...{ project: name, stack },
      typescript: readTypescript(file, project.runtime),
      config: Object.fromEntries(texts) as Record<string, string>,
    };
  });
}

function projectConfig(file: string, project: string, config: Json): Json {
  return Object.fromEntries(Object.entries(config).map(([key, entry]) => [configKey(project, key), projectDefault(file, key, entry)]));
}

async function stackConfig(programDir: string, project: string, stack: string, withoutFile: ReadOptions["withoutFile"]): Promise<Json> {
  const file = `Pulumi.${stack}.yaml`;
  const content = /^[\w.-]+$/.test(stack) ? await readYaml(join(programDir, file)) : undefined;
  if (content === undefined) {
    if (withoutFile?.accepts(stack)) return {};
    throw new Error(`stack ${JSON.stringify(stack)}: there is no ${file}${withoutFile ? `, and ${withoutFile.rule}` : ""}`);
  }
  allow(file, content, STACK_KEYS);
  const config = Object.entries(members(file, "config", content.config));
  return Object.fromEntries(config.map(([key, value]) => [configKey(project, key), value]));
}

function readTypescript(file: string, runtime: unknown): boolean {
  if (runtime === "nodejs") return true;
  const { name, options } = members(file, "runtime", runtime);
  if (name !== "nodejs") throw new Error(`${file}: runtime must be nodejs, got ${JSON.stringify(name)}`);
  const { typescript = true, ...others } = members(file, "runtime.options", options);
  allow(file, others, [], "runtime.options.");
  if (typeof typescript !== "boolean") {
    throw new Error(`${file}: runtime.options.typescript must be true or false, got ${JSON.stringify(typescript)}`);
  }
  return typescript;
}

async function readYaml(path: string): Promise<Json | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  return wrap(async () => {
    try {
      return members(path, "the content", parse(text) as unknown);
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message.split("\n")[0]}`, { cause: error });
    }
  });
}

function members(file: string, what: string, value: unknown): Json {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new Error(`${file}: ${what} must be an object, got ${JSON.stringify(value)}`);
  return value;
}

function allow(file: string, values: Json, known: readonly string[], prefix = ""): void {
  const unknown = Object.keys(values).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`${file}: the engine does not know the setting ${prefix}${unknown}`);
}

async function wrap<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof StackError ? error : new StackError(oneLine((error as Error).message), { cause: error });
  }
}
