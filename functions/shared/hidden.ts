/** Whether a key is a folder's marker, or of a name that Hadoop's readers, Athena among them, pass over. */
export function isHidden(key: string): boolean {
  const [name] = key.split("/").slice(-1);
  return name === "" || name.startsWith("_") || name.startsWith(".");
}
