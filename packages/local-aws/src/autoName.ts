import { createHash } from "node:crypto";

/**
 * The physical name of a resource that the program gave none: its own name and seven hexadecimal digits, as Pulumi does.
 *
 * @param urn of the resource; equal ones give equal names
 */
export function autoName(urn: string): string {
  return `${urn.split("::").at(-1)}-${createHash("sha256").update(urn).digest("hex").slice(0, 7)}`;
}
