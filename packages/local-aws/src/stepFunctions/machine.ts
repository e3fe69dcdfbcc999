import { autoName } from "../autoName";
import type { Cloud, Json, Principal } from "../service";
import { readDefinition } from "./check";
import type { Definition } from "./definition";

/** Inputs of `aws:sfn/stateMachine:StateMachine`; logs and traces are accepted and not written. */
export const INPUTS = ["name", "roleArn", "definition", "type", "publish", "loggingConfiguration", "tracingConfiguration", "tags"] as const;

const LOGGING = ["includeExecutionData", "level", "logDestination"];
const LEVELS = ["ALL", "ERROR", "FATAL", "OFF"];

interface Inputs {
  name?: string;
  roleArn?: string;
  definition?: string;
  type?: string;
  publish?: boolean;
  loggingConfiguration?: Json;
  tracingConfiguration?: Json;
}

/** A deployed state machine. */
export class Machine {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly definition: Definition;
  private principal?: Principal;

  /** @param createdAt epoch milliseconds */
  constructor(
    private readonly cloud: Cloud,
    readonly inputs: Json,
    readonly createdAt: number,
  ) {
    const { name, roleArn, definition } = inputs as Required<Inputs>;
    this.name = name;
    this.roleArn = roleArn;
    this.arn = `arn:aws:states:${cloud.region}:${cloud.account}:stateMachine:${name}`;
    this.definition = readDefinition(definition);
  }

  /** @throws ServiceError AccessDenied when the role does not trust Step Functions */
  assume(): Principal {
    this.principal ??= this.cloud.assume(this.roleArn, "states.amazonaws.com", { "aws:SourceArn": this.arn });
    return this.principal;
  }

  executionArn(name: string): string {
    return `${this.arn.replace(":stateMachine:", ":execution:")}:${name}`;
  }
}

/** The machine's name, or one derived from its URN. */
export const named = (inputs: Json, urn: string): Json => ({ ...inputs, name: inputs.name ?? autoName(urn) });

/**
 * Refuses inputs, and definitions, that the service or the local cloud does not accept.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
 * @throws Error naming machine, key, rule and value
 */
export function checkMachine(json: Json): void {
  const { name, definition, type, publish, loggingConfiguration, tracingConfiguration } = json as Inputs;
  const title = `StateMachine${name === undefined ? "" : ` "${name}"`}`;
  const demand = (holds: boolean, key: string, rule: string, value: unknown): void => {
    if (!holds) throw new Error(`${title}: ${key} must be ${rule}, got ${String(value)}`);
  };
  demand(name === undefined || /^[\w-]{1,80}$/.test(name), "name", "1 to 80 of a-z, A-Z, 0-9, - and _", name);
  demand(type === undefined || type === "STANDARD", "type", "STANDARD in the local cloud", type);
  demand(publish !== true, "publish", "false in the local cloud", publish);
  const members = (key: string, value: Json | undefined, known: string[]): void => {
    const unknown = Object.keys(value ?? {}).find((member) => !known.includes(member));
    demand(unknown === undefined, key, `an object of ${known.join(", ")}`, unknown);
  };
  members("loggingConfiguration", loggingConfiguration, LOGGING);
  members("tracingConfiguration", tracingConfiguration, ["enabled"]);
  const { level = "OFF" } = loggingConfiguration ?? {};
  demand(LEVELS.includes(String(level)), "loggingConfiguration.level", `one of ${LEVELS.join(", ")}`, level);
  if (typeof definition !== "string") return;
  try {
    readDefinition(definition);
  } catch (error) {
    throw new Error(`${title}: ${(error as Error).message}`);
  }
}
