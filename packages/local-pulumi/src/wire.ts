/** A JSON object. Check its members where you use them. */
export type Json = Record<string, unknown>;

/** Stands for a value that is unknown before the deployment. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Key of the member that marks an object as a special value. The member's value is the kind. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Kinds of special values, as [the Pulumi SDKs](https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go) mark them. */
export const Kind = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
  reference: "5cf8f73096256a8f31e491e813e4eb8e",
} as const;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Marks a value as secret. */
export function secret(value: unknown): Json {
  return { [SIGNATURE]: Kind.secret, value };
}

/** Whether a wire value is a secret or contains one. */
export function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  if (!isObject(value)) return false;
  return value[SIGNATURE] === Kind.secret || Object.values(value).some(holdsSecret);
}

/**
 * Removes the wrappers of secrets, and turns resource references into ids (URNs for components). Assets, archives and unknown values
 * stay as they are.
 *
 * @throws Error for an unknown kind of special value
 */
export function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (!isObject(value)) return value;
  switch (value[SIGNATURE]) {
    case Kind.secret:
      return unwrap(value.value);
    case Kind.reference:
      return value.id === "" ? UNKNOWN : (value.id ?? value.urn);
    case undefined:
    case Kind.asset:
    case Kind.archive:
      return unwrapMembers(value);
    default:
      throw new Error(`unknown kind of special value: ${String(value[SIGNATURE])}`);
  }
}

/** Applies {@link unwrap} to each member. */
export function unwrapMembers(values: Json): Json {
  return mapMembers(values, unwrap);
}

/**
 * Leaves out what is unknown: members at any depth, and whole lists, assets and archives that contain something unknown.
 *
 * @param values unwrapped values
 * @returns members of the top level stay, with the value `undefined`, so that their names can be checked
 */
export function knownMembers(values: Json): Json {
  return mapMembers(values, (value) => {
    const known = knownPart(value);
    return known === UNKNOWN ? undefined : known;
  });
}

function knownPart(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(knownPart);
    return items.includes(UNKNOWN) ? UNKNOWN : items;
  }
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, knownPart(member)] as const);
  const known = members.filter(([, member]) => member !== UNKNOWN);
  return SIGNATURE in value && known.length < members.length ? UNKNOWN : Object.fromEntries(known);
}

/** Unwraps a value for other readers. Null stands for what is unknown. */
export function disclose(value: unknown): unknown {
  return nullUnknown(unwrap(value));
}

function nullUnknown(value: unknown): unknown {
  if (value === UNKNOWN) return null;
  if (Array.isArray(value)) return value.map(nullUnknown);
  return isObject(value) ? mapMembers(value, nullUnknown) : value;
}

function mapMembers(values: Json, map: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}
