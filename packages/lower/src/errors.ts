import type { Diagnostic, Span } from "@tilewright/diagnostics";

/** LOW101: lanes of one store hit the same element. */
export function carriedVectorLoop(loop: string, bufferName: string, span: Span): Diagnostic {
  return {
    code: "LOW101",
    severity: "error",
    message: `cannot vectorize \`${loop}\`: every iteration writes the same element of \`${bufferName}\``,
    span,
    expected: "a loop whose iterations write different elements",
    actual: `an index of \`${bufferName}\` without \`${loop}\``,
    hint: "vectorize a data axis; split a reduction and keep partial results first",
  };
}

/** LOW102: a vectorized loop runs serially. */
export function serialVectorLoop(loop: string, reason: string, span: Span): Diagnostic {
  return {
    code: "LOW102",
    severity: "warning",
    message: `the vectorized loop \`${loop}\` runs serially: ${reason}`,
    span,
    hint: "vectorize another loop, or split this one so that it has a constant extent without conditions",
  };
}

/** LOW103: lanes are read or written one by one. */
export function gatheredAccess(loop: string, bufferName: string, span: Span): Diagnostic {
  return {
    code: "LOW103",
    severity: "warning",
    message: `lanes of \`${bufferName}\` are accessed one by one in the vectorized loop \`${loop}\``,
    span,
    expected: `consecutive elements along the last dimension of \`${bufferName}\``,
    hint: "vectorize the loop of the last dimension, or change the layout of the buffer",
  };
}

/** LOW104: an unrolled loop stays a loop. */
export function keptUnrolledLoop(loop: string, copies: number | null, cap: number, span: Span): Diagnostic {
  return {
    code: "LOW104",
    severity: "warning",
    message: `the unrolled loop \`${loop}\` stays a loop`,
    span,
    expected: `a constant extent and at most ${cap} nodes after unrolling`,
    actual: copies === null ? "an extent that is not constant" : `about ${copies} nodes`,
    hint: "split the loop and unroll the inner part",
  };
}

/** LOW105: what is left over at the end of a vectorized loop is done element by element. */
export function scalarTail(loop: string, span: Span): Diagnostic {
  return {
    code: "LOW105",
    severity: "warning",
    message: `the edge of the vectorized loop \`${loop}\` runs element by element`,
    span,
    expected: "a split that divides the extent, or a tail that keeps its lanes",
    actual: "guards at the edge that depend on several loops",
    hint: 'choose a factor that divides, or tail: "shift" or "roundUp"',
  };
}

/** LOW106: unrolling made very much code. */
export function largeUnroll(loop: string, nodes: number, span: Span): Diagnostic {
  return {
    code: "LOW106",
    severity: "warning",
    message: `unrolling \`${loop}\` makes about ${nodes} nodes of code`,
    span,
    expected: "an inner loop whose code stays in the instruction cache",
    actual: `about ${nodes} nodes`,
    hint: "split the loop and unroll the inner part",
  };
}

/** LOW201: a buffer is too large for 31-bit addresses. */
export function bufferTooLarge(name: string, bytes: number, span: Span): Diagnostic {
  return {
    code: "LOW201",
    severity: "error",
    message: `buffer \`${name}\` is too large`,
    span,
    expected: "at most 2147483647 bytes",
    actual: `${bytes} bytes`,
    hint: "split the tensor, or compute it in parts",
  };
}

/** LOW202: an allocation whose size is not a constant. */
export function unknownAllocation(name: string, span: Span): Diagnostic {
  return {
    code: "LOW202",
    severity: "error",
    message: `the size of the allocation \`${name}\` is not a constant`,
    span,
    expected: "a shape of integer constants",
    hint: "specialise the symbols, or allocate the largest size",
  };
}

/** LOW203: a math function that the target lacks and that no expansion covers. */
export function unexpandedMath(op: string, dtype: string, span: Span): Diagnostic {
  return {
    code: "LOW203",
    severity: "error",
    message: `\`${op}\` of ${dtype} is not available on this target`,
    span,
    expected: "float32 or float64",
    actual: dtype,
    hint: "cast the operand to float32",
  };
}

/** LOW204: statements stand too deep in each other. */
export function nestedTooDeep(func: string, depth: number, limit: number, span: Span): Diagnostic {
  return {
    code: "LOW204",
    severity: "error",
    message: `loops and branches of \`${func}\` are nested too deep`,
    span,
    expected: `at most ${limit} in each other`,
    actual: `${depth}`,
    hint: "fuse loops, or split the function",
  };
}

/** LOW205: a call of something that is no function of the module, and whose meaning nobody gave. */
export function unknownIntrinsic(name: string, known: readonly string[], span: Span): Diagnostic {
  return {
    code: "LOW205",
    severity: "error",
    message: `\`${name}\` is no function of the module, and no intrinsic whose meaning is known`,
    span,
    expected: known.length === 0 ? "an intrinsic whose meaning is given" : `one of: ${known.join(", ")}`,
    actual: name,
    hint: "lower(module, { capabilities, intrinsics }) is told what intrinsics mean; intrinsicsOf(schedule) lists those of a schedule",
  };
}

/** LOW206: operands that are not those of the intrinsic. */
export function badOperands(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return {
    code: "LOW206",
    severity: "error",
    message: `a call of the intrinsic \`${name}\` with other operands than it has`,
    span,
    expected,
    actual,
    hint: "the box that stands for a parameter has its shape, but for further dimensions of extent 1",
  };
}

/** LOW207: one name for two intrinsics. */
export function twoMeanings(name: string, where: string, span: Span): Diagnostic {
  return {
    code: "LOW207",
    severity: "error",
    message: `the intrinsic \`${name}\` has two meanings`,
    span,
    expected: "one meaning, that of the backend which declares it",
    actual: `two that differ at ${where}`,
    hint: "tensorize with the very intrinsic that the backend declares",
  };
}

/** LOW208: threads of a launch whose number has no bound. */
export function unboundedThreads(loop: string, tag: string, most: number, span: Span): Diagnostic {
  return {
    code: "LOW208",
    severity: "error",
    message: `the number of threads of \`${loop}\` (${tag}) has no bound`,
    span,
    expected: `a constant extent, or one that loops of constant extent keep below ${most + 1}`,
    actual: "an extent that is known when it runs",
    hint: "split the loop by a constant and bind the inner part, or bind another loop",
  };
}

/** LOW209: a barrier that perhaps not all threads of a block reach. */
export function divergentBarrier(kernel: string, around: readonly string[], span: Span): Diagnostic {
  return {
    code: "LOW209",
    severity: "error",
    message: `not all threads of a block of \`${kernel}\` surely reach a barrier`,
    span,
    expected: "loops and branches around a barrier that are the same for all threads of the block",
    actual: `${around.join(", ")}: another for each thread`,
    hint: "move the condition into what stands between the barriers, or compute the stage outside of these loops",
  };
}

/** LOW210: a nest that cannot be written as launches. */
export function unwritableLaunch(what: string, why: string, hint: string, span: Span): Diagnostic {
  return {
    code: "LOW210",
    severity: "error",
    message: `${what} cannot be written as launches`,
    span,
    expected: "loops over blocks, and in them loops over threads",
    actual: why,
    hint,
  };
}
