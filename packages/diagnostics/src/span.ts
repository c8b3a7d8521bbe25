/** A place in the user's program. Lines and columns count from 1; generated nodes carry `NO_SPAN`. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The span of a node that no user wrote. Compare by identity or with `isNoSpan`. */
export const NO_SPAN: Span = Object.freeze({ file: "", line: 0, column: 0 });

/** True when `span` points nowhere. A span that went through JSON is a copy, so the test is by value. */
export function isNoSpan(span: Span): boolean {
  return span.line === 0;
}

/** `file:line:column`, or `<generated>`. */
export function formatSpan(span: Span): string {
  return isNoSpan(span) ? "<generated>" : `${span.file}:${span.line}:${span.column}`;
}

interface CaptureStackTrace {
  captureStackTrace?(target: object, above: unknown): void;
}

const FRAME = /\(?((?:file:\/\/|https?:\/\/|[A-Za-z]:[\\/]|\/)[^()\s]*?|[^()\s]+?):(\d+):(\d+)\)?$/;

/**
 * The place from which `above` was called; `NO_SPAN` where the engine cannot tell.
 * Costs some microseconds: call it once for a builder call, or when an error is made, never per node.
 */
export function callSite(above: (...args: never[]) => unknown): Span {
  const holder: { stack?: string } = {};
  const capture = (Error as unknown as CaptureStackTrace).captureStackTrace;
  if (capture === undefined) return NO_SPAN;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  capture.call(Error, holder, above);
  Error.stackTraceLimit = stackTraceLimit;
  return parseFrame(holder.stack?.split("\n")[1] ?? "");
}

/** One line of a V8 stack trace to a span; `NO_SPAN` when it holds no place. */
export function parseFrame(frame: string): Span {
  const match = FRAME.exec(frame.trim().replace(/^at /, ""));
  if (match === null) return NO_SPAN;
  const [, file = "", line = "0", column = "0"] = match;
  return { file: file.replace(/^file:\/\//, ""), line: Number(line), column: Number(column) };
}
