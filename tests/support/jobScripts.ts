import { readFileSync } from "node:fs";

/** Constants of the script that differ in a test. */
export type JobSizes = Partial<Record<"UPLOAD_BYTES" | "COPY_BYTES", number>>;

/**
 * Texts of a job's script and its modules.
 *
 * @param files their paths by their keys
 * @throws Error when none of them has a constant of that name
 */
export function scriptTexts(files: Record<string, string>, sizes: JobSizes): Record<string, string> {
  const texts = Object.fromEntries(Object.entries(files).map(([key, path]) => [key, readFileSync(path, "utf8")]));
  for (const [name, size] of Object.entries(sizes)) {
    const line = new RegExp(`^${name} = .*$`, "m");
    const key = Object.keys(texts).find((one) => line.test(texts[one]));
    if (key === undefined) throw new Error(`the script has no ${name}`);
    texts[key] = texts[key].replace(line, `${name} = ${size}`);
  }
  return texts;
}
