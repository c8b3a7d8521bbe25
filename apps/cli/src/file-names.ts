/**
 * A name that a user chose as the name of a file, without a folder: letters, digits, `_`, `-` and `.`, which does not come first.
 * Names of tensors are free; those of models are often like paths, as `/layer/output`.
 */
export function fileName(name: string): string {
  const plain = name
    .replace(/[^\w.-]/g, "_")
    .replace(/^\.+/, "")
    .slice(0, 200);
  return plain === "" ? "_" : plain;
}

/** What tells files apart everywhere: some systems hold capitals and small letters for the same. */
export function fileKey(name: string): string {
  return fileName(name).toLowerCase();
}

/** A file name for each name, in their order, no two the same: `a`, `a_2`, `a_3`. */
export function fileNames(names: readonly string[]): readonly string[] {
  // Names that are file names already keep theirs.
  const kept = new Set(names.filter((name) => fileName(name) === name).map(fileKey));
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = fileName(name);
    const isFree = (each: string): boolean =>
      !taken.has(each.toLowerCase()) && (each === name || !kept.has(each.toLowerCase()));
    let free = plain;
    for (let count = 2; !isFree(free); count++) free = `${plain}_${count}`;
    taken.add(free.toLowerCase());
    return free;
  });
}
