import { oneLine } from "./problems";
import { ORGANIZATION } from "./runner";
import { disclose, holdsSecret, type Json, knownMembers, secret, unwrapMembers } from "./wire";

/** The cloud that a program deploys to. Values are plain, without wrapped secrets and unknowns; assets and archives are in wire form. */
export interface Provider {
  /**
   * Refuses unknown types and inputs, and invalid values, before anything is created.
   *
   * @param inputs `undefined` stands for values that are unknown yet
   * @throws Error naming the type or the input
   */
  check(type: string, inputs: Json): void;
  /** @returns the id, and the outputs besides the inputs */
  create(type: string, inputs: Json, urn: string): Promise<{ id: string; state: Json }>;
  /**
   * Answers a function call.
   *
   * @param token for example `aws:index/getRegion:getRegion`
   * @throws FunctionError as the function's answer, which the program may catch; any other Error ends the run
   */
  invoke(token: string, args: Json): Json | Promise<Json>;
}

/** A function's answer that is an error. */
export class FunctionError extends Error {
  override name = "FunctionError";
}

/** A resource as the program registered it and the provider created it. */
export interface Resource {
  urn: string;
  type: string;
  name: string;
  /** False for components. */
  custom: boolean;
  /** URN; null for the stack. */
  parent: string | null;
  /** URNs of everything it depends on. */
  dependencies: string[];
  /** URNs by input property. */
  propertyDependencies: Record<string, string[]>;
  /** `<URN>::<id>` of its explicit provider. */
  provider: string | null;
  protect: boolean;
  retainOnDelete: boolean;
  /** In wire form: secrets, assets, archives and unknowns are marked (wire.ts). */
  inputs: Json;
  /** Physical id. Components have none, and in a dry run nothing has one. */
  id?: string;
  /** Inputs and outputs, plain. */
  state: Json;
  /** A component's registered outputs, plain. Null stands for what is unknown. */
  outputs?: Json;
}

/** What the program registers. */
export type Registration = Pick<
  Resource,
  "type" | "name" | "custom" | "dependencies" | "propertyDependencies" | "protect" | "retainOnDelete" | "inputs"
> & {
  /** URN, or empty. */
  parent: string;
  /** `<URN>::<id>`, or empty. */
  provider: string;
  /** Outputs to treat as secret. */
  secretOutputs: readonly string[];
};

/** What the program receives for a resource. `state` is in wire form. */
export interface Registered {
  urn: string;
  /** Empty when it is unknown. */
  id: string;
  state: Json;
}

/** The stack of a run. */
export interface StackRun {
  project: string;
  stack: string;
  dryRun: boolean;
  /** Outputs of the stack's last deployment. @default it was never deployed */
  deployed?: Json;
}

const STACK = "pulumi:pulumi:Stack";
/** The engine's own function: reads the outputs of a stack's last deployment. */
const READ_STACK_OUTPUTS = "pulumi:pulumi:readStackOutputs";

/** The resources of a run. */
export class Resources {
  readonly all = new Map<string, Resource>();
  /** URN of the stack resource. */
  root = "";
  /** The stack's outputs, once the program has registered them. */
  outputs?: Json;

  constructor(
    private readonly run: StackRun,
    private readonly provider: Provider,
  ) {}

  /**
   * @param parent the parent's URN, or empty
   * @returns `urn:pulumi:<stack>::<project>::<types of the ancestors below the stack and its own, joined by $>::<name>`
   */
  urn(parent: string, type: string, name: string): string {
    const ancestors = parent === "" ? STACK : parent.split("::")[2];
    const qualified = ancestors === STACK ? type : `${ancestors}$${type}`;
    return `urn:pulumi:${this.run.stack}::${this.run.project}::${qualified}::${name}`;
  }

  /**
   * Registers a resource. Creates it, unless it is a component or this is a dry run.
   *
   * @throws Error naming the URN
   */
  async register(registration: Registration): Promise<Registered> {
    const { type, name, custom, inputs, secretOutputs, ...rest } = registration;
    const urn = this.urn(rest.parent, type, name);
    if (this.all.has(urn)) throw new Error(`${urn}: two resources have this URN: names must be unique per type and parent`);
    const resource: Resource = {
      ...{ urn, type, name, custom, inputs, ...rest },
      parent: rest.parent === "" ? null : rest.parent,
      provider: rest.provider === "" ? null : rest.provider,
      state: {},
    };
    this.all.set(urn, resource);
    if (type === STACK) this.root = urn;
    if (!custom) return { urn, id: "", state: {} };
    return named(urn, async () => {
      const plain = unwrapMembers(inputs);
      this.provider.check(type, knownMembers(plain));
      const created = this.run.dryRun ? { id: "", state: {} } : await this.provider.create(type, plain, urn);
      if (!this.run.dryRun && created.id === "") throw new Error("the provider returned no id");
      const state = defined({ ...plain, ...created.state });
      resource.state = state;
      if (created.id !== "") resource.id = created.id;
      const hidden = (key: string): boolean => secretOutputs.includes(key) || holdsSecret(inputs[key]);
      const wire = Object.entries(state).map(([key, value]) => [key, hidden(key) ? secret(value) : value]);
      return { urn, id: created.id, state: Object.fromEntries(wire) as Json };
    });
  }

  /** Records the outputs of a component or of the stack. */
  registerOutputs(urn: string, outputs: Json): void {
    const disclosed = disclose(outputs) as Json;
    const resource = this.all.get(urn);
    if (resource !== undefined) resource.outputs = disclosed;
    if (urn === this.root) this.outputs = disclosed;
  }

  /** Answers a function call of the program. */
  async invoke(token: string, args: Json): Promise<Json> {
    const plain = unwrapMembers(args);
    return named(token, async () =>
      defined(token === READ_STACK_OUTPUTS ? this.readOutputs(plain) : await this.provider.invoke(token, plain)),
    );
  }

  private readOutputs({ name }: Json): Json {
    const { project, stack, deployed = {} } = this.run;
    const own = `${ORGANIZATION}/${project}/${stack}`;
    if (name !== own) throw new Error(`the engine knows only the stack ${own}, got ${JSON.stringify(name)}`);
    return { name, outputs: deployed, secretOutputNames: [] };
  }
}

async function named<T>(name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Error(`${name}: ${oneLine(error instanceof Error ? error.message : String(error))}`, { cause: error });
  }
}

function defined(values: Json): Json {
  return JSON.parse(JSON.stringify(values)) as Json;
}
