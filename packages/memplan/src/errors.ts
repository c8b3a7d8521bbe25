import { type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";

/** MEM101: a request that is no tensor with a lifetime. */
export function badRequest(position: number, expected: string, actual: string): Diagnostic {
  return {
    code: "MEM101",
    severity: "error",
    message: `request ${position} cannot be planned`,
    span: NO_SPAN,
    expected,
    actual,
    hint: "give sizes in whole bytes ≥ 0 and lifetimes as whole steps with from < to",
  };
}

/** MEM102: an alignment that is no power of two. */
export function badAlignment(alignment: number): Diagnostic {
  return {
    code: "MEM102",
    severity: "error",
    message: "the alignment does not fit",
    span: NO_SPAN,
    expected: "a power of two ≥ 1, in bytes",
    actual: `${alignment}`,
    hint: "leave it out for 64",
  };
}
