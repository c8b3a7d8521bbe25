export type { Diagnostic, Severity } from "./diagnostic.js";
export { CompileError, InternalError, invariant, isCompileError, isInternalError } from "./errors.js";
export { render } from "./render.js";
export { callSite, formatSpan, isNoSpan, NO_SPAN, parseFrame, type Span } from "./span.js";
