import { isNoSpan, NO_SPAN, parseFrame, type Span } from "@tilewright/diagnostics";
import { nearestManifest } from "./manifests.js";

/** The innermost place of an error that lies in code of others: neither Node's nor a package of ours. */
export function foreignPlace(error: unknown): Span {
  if (!(error instanceof Error) || error.stack === undefined) return NO_SPAN;
  if ("code" in error && String(error.code).startsWith("ERR_MODULE")) return NO_SPAN; // thrown by whoever looks for modules
  const [first = "", ...frames] = error.stack.split("\n");
  // Of a file that cannot be parsed, V8 puts the place in front.
  const unparsed = /^(?:file:\/\/)?(\/.*|[A-Za-z]:\\.*):(\d+)$/.exec(first);
  if (unparsed !== null) return { file: unparsed[1] ?? "", line: Number(unparsed[2]), column: 1 };
  const places = frames.filter((line) => /^\s+at /.test(line)).map(parseFrame);
  return (
    places.find((place) => !isNoSpan(place) && /^(\/|[A-Za-z]:)/.test(place.file) && !isOurs(place.file)) ?? NO_SPAN
  );
}

function isOurs(file: string): boolean {
  const name = nearestManifest(file)?.manifest.name;
  return typeof name === "string" && /^(@tilewright\/|tilewright$)/.test(name);
}
