import { ServiceError, type Json, type Service } from "../service";

interface Route {
  key: string;
  method: string;
  path: RegExp;
  parameters: string[];
  required: string[];
  optional: ReadonlySet<string>;
}

/** A request as far as routing looks at it. */
export interface Target {
  method: string;
  /** Path and query as they came. */
  url: string;
  /** X-Amz-Target, where the protocol has it. */
  target?: string;
}

/** The operation's name, with the parameters of path and query. */
export interface Matched {
  operation: string;
  parameters: Json;
}

const tables = new WeakMap<Service, Route[]>();

/**
 * Finds the operation that a request names.
 * Among the routes that match, the one that asks for the most query parameters wins.
 *
 * @throws ServiceError UnknownOperationException or NotImplemented, naming what is not known
 */
export function route(service: Service, { method, url, target }: Target): Matched {
  if (target !== undefined) return { operation: target.slice(target.lastIndexOf(".") + 1), parameters: {} };
  const [, pathname, search] = /^([^?]*)\??(.*)$/s.exec(url) ?? [];
  const query = Object.fromEntries(new URLSearchParams(search));
  const best = routes(service)
    .filter(
      (candidate) => candidate.method === method && candidate.path.test(pathname) && candidate.required.every((name) => name in query),
    )
    .sort((a, b) => b.required.length - a.required.length)
    .at(0);
  if (!best)
    throw new ServiceError("UnknownOperationException", `the local ${service.signingName} has no operation ${method} ${pathname}`, 501);
  const unknown = Object.keys(query).find((name) => !best.required.includes(name) && !best.optional.has(name));
  if (unknown !== undefined) {
    throw new ServiceError("NotImplemented", `the local ${service.signingName} does not know the parameter ${unknown} of ${best.key}`, 501);
  }
  const values = best.path.exec(pathname)?.slice(1).map(decodeURIComponent) ?? [];
  return { operation: best.key, parameters: { ...query, ...Object.fromEntries(best.parameters.map((name, i) => [name, values[i]])) } };
}

function routes(service: Service): Route[] {
  const known = tables.get(service) ?? Object.entries(service.operations).flatMap(([key, { query }]) => compile(key, query ?? []));
  tables.set(service, known);
  return known;
}

function compile(key: string, optional: readonly string[]): Route[] {
  const [, method, path, query] = /^([A-Z]+) ([^?]+)(?:\?(.*))?$/.exec(key) ?? [];
  if (method === undefined) return [];
  const parameters = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => name);
  const source = path.replace(/\{\w+(\+?)\}/g, (_, rest: string) => (rest ? "(.+)" : "([^/]+)"));
  const required = query?.split("&") ?? [];
  return [{ key, method, path: new RegExp(`^${source}/?$`), parameters, required, optional: new Set([...optional, "x-id"]) }];
}
