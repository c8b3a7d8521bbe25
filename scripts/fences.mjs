/** Fences of a page of Markdown, in order: `language`, `file` (of `ts file=src/a.ts`), `body`, and where the body begins in the page. */
export function fencesOf(page) {
  return [...page.matchAll(/^```(\w+)(?: file=(\S+))?\n(.*?)^```$/gms)].map((match) => {
    const [all, language, file, body] = match;
    const start = match.index + all.indexOf("\n") + 1;
    return { language, file, body, start, end: start + body.length, after: match.index + all.length };
  });
}

/** What the page says that the fence at a place prints: a fence of text that follows at once; else undefined. */
export function expectedOf(page, fences, position) {
  const [fence, next] = [fences[position], fences[position + 1]];
  if (next?.language !== "text" || next.file !== undefined) return undefined;
  const between = page.slice(fence.after, next.start - "```text\n".length);
  return between.trim() === "" ? next : undefined;
}
