import { basename } from "node:path";

/** An object of S3. */
export interface ObjectPlace {
  bucket: string;
  key: string;
}

/** Arguments with which Glue itself would do something else: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html */
const UNKNOWN_ARGUMENTS = [
  "--additional-python-modules",
  "--custom-logStream-prefix",
  "--extra-files",
  "--job-language",
  "--python-modules-installer-option",
  "--scriptLocation",
];
const MODULES = "--extra-py-files";
const ADDRESS = /^s3:\/\/([a-z0-9.-]{3,63})\/(.+)$/;

/** Reads an `s3://` address; undefined: it is none. */
export function placeOf(address: string): ObjectPlace | undefined {
  const [, bucket, key] = ADDRESS.exec(address) ?? [];
  return key === undefined ? undefined : { bucket, key };
}

/** The first argument that is not one, or that Glue would act on otherwise than this stand-in, with the rule that it breaks. */
export function wrongArgument(given: Record<string, string>): { rule: string; value: string } | undefined {
  const name = Object.keys(given).find((one) => !/^--./.test(one) || UNKNOWN_ARGUMENTS.includes(one));
  if (name !== undefined) return { rule: "have names that begin with -- and that the local cloud knows", value: name };
  const modules = MODULES in given ? given[MODULES].split(",") : [];
  const names = modules.map((address) => basename(placeOf(address)?.key ?? ""));
  if (names.every((file) => /.\.py$/.test(file)) && new Set(names).size === names.length) return undefined;
  return { rule: `have s3:// addresses of .py files with names of their own, joined by commas, in ${MODULES}`, value: given[MODULES] };
}

/** Python files that the script may import. */
export function modulesOf(args: Record<string, string>): ObjectPlace[] {
  return (args[MODULES] ?? "").split(",").flatMap((address) => placeOf(address) ?? []);
}
