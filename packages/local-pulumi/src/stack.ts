import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { oneLine } from "./problems";
import { isObject, type Json } from "./wire";

/** A program and the stack to run it for. */
export interface Stack {
  /** Absolute path of the folder with Pulumi.yaml, without symbolic links. */
  programDir: string;
  project: string;
  stack: string;
  typescript: boolean;
  /** Texts by full key (`aws:region`); structured values are JSON. */
  config: Record<string, string>;
}

/** A stack cannot be read: it is unknown, or a file or a setting is wrong. */
export class StackError extends Error {
  override name = "StackError";
}

const PROJECT_KEYS = ["name", "description", "runtime", "author", "website", "license", "config"];
const STACK_KEYS = ["config", "encryptionsalt", "secretsprovider", "encryptedkey"];

/** How to read a stack. */
export interface ReadOptions {
  /** `key=value`, applied last. A key without a namespace is the project's; `key.member=value` sets a member of an object. @default none */
  overrides?: readonly string[];
  /** Which stacks need no file, and the rule for their names as errors state it. @default every stack needs a file */
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
    if (typeof name !== "string") throw new Error(`${file}: name must be a string, got ${JSON.stringify(name)}`);
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
  return Object.fromEntries(
    Object.entries(config).map(([key, entry]) => [configKey(project, key), projectDefault(file, project, key, entry)]),
  );
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
  if (unknown !== undefined) throw new Error(`${file}: unknown setting ${prefix}${unknown}`);
}

async function wrap<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof StackError ? error : new StackError(oneLine((error as Error).message), { cause: error });
  }
}

/** Adds the project's namespace to a config key that has none. */
function configKey(project: string, key: string): string {
  return key.includes(":") ? key : `${project}:${key}`;
}

/**
 * Reads the default of a key in Pulumi.yaml: a plain value, or an object with `value` or, for the project's own keys, `default`.
 *
 * @throws Error naming file, key and the wrong member
 */
function projectDefault(file: string, project: string, key: string, entry: unknown): unknown {
  if (!isObject(entry)) return entry;
  const unknown = Object.keys(entry).find((member) => !["value", "default", "description"].includes(member));
  if (unknown !== undefined) throw new Error(`${file}: config ${key}: unknown member ${unknown}`);
  if (entry.default !== undefined) {
    if (entry.value !== undefined) throw new Error(`${file}: config ${key}: value and default exclude each other`);
    const isOwn = configKey(project, key).startsWith(`${project}:`);
    if (!isOwn) throw new Error(`${file}: config ${key}: a key of another namespace takes value instead of default`);
  }
  return entry.value ?? entry.default;
}

/**
 * Encodes a config value as programs receive it: structured values become JSON.
 *
 * @throws Error naming the key of a value that is encrypted (without its content) or missing
 */
function configText(key: string, value: unknown): string {
  const encrypted = secureWithin(key, value);
  if (encrypted !== undefined) throw new Error(`config ${encrypted} is encrypted (secure:), which is not supported: use a plain value`);
  if (value === undefined || value === null) throw new Error(`config ${key} has no value`);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function secureWithin(path: string, value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("secure" in value) return path;
  return Object.entries(value)
    .map(([key, member]) => secureWithin(`${path}.${key}`, member))
    .find((found) => found !== undefined);
}

/**
 * Sets one value of a config.
 *
 * @param config by full key; changed
 * @param override `key=value` or `key.member=value`. The value of a member may be JSON.
 * @throws Error when it has another form, or sets a member of a value that is not an object
 */
function applyOverride(config: Json, project: string, override: string): void {
  const equals = override.indexOf("=");
  if (equals < 1) throw new Error(`--config must be key=value, got ${JSON.stringify(override)}`);
  const [key, ...path] = override.slice(0, equals).split(".");
  const text = override.slice(equals + 1);
  if (/[[\]]/.test(key)) throw new Error(`--config ${key}: an item of a list cannot be set; give the whole list as JSON`);
  const full = configKey(project, key);
  config[full] = path.length === 0 ? text : withMember(full, config[full], path, jsonOrText(text));
}

function withMember(at: string, value: unknown, [member, ...rest]: string[], leaf: unknown): Json {
  if (value !== undefined && !isObject(value)) throw new Error(`--config ${at}.${member}: ${at} is not an object`);
  return { ...value, [member]: rest.length === 0 ? leaf : withMember(`${at}.${member}`, value?.[member], rest, leaf) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
