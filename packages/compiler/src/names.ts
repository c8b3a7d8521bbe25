/** A name that C and WebAssembly tools take: letters, digits and `_`, a letter first. */
export function cName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(safe) ? safe : `m${safe === "" ? "" : `_${safe}`}`;
}

/** Gives each name once, with a number behind it when it is asked for again. */
export function uniqueNames(): (name: string) => string {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return (name) => {
    let count = counts.get(name) ?? 1;
    let unique = count === 1 ? name : `${name}_${count}`;
    while (taken.has(unique)) unique = `${name}_${++count}`;
    counts.set(name, count);
    taken.add(unique);
    return unique;
  };
}
