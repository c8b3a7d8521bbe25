/** Of the names those that may have been meant, the nearest first: a few letters differ, or one holds the other. */
export function closeNames(asked: string, names: readonly string[]): readonly string[] {
  const word = asked.toLowerCase();
  const most = word.length < 4 ? 1 : Math.max(2, word.length / 3);
  return names
    .map((name) => ({ name, edits: editsBetween(word, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= most || (word.length > 2 && name.includes(word)))
    .sort((a, b) => a.edits - b.edits)
    .map(({ name }) => name);
}

/** Letters to insert, delete or replace (Levenshtein). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: [...to].length + 1 }, (_, k) => k);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
