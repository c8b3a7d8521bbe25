import type { Diagnostic, Span } from "@tilewright/diagnostics";
import type { DType } from "./dtype.js";
import { error } from "./fault.js";

/** One function a code, sorted. IR1xx types, IR2xx names and calls, IR3xx levels, IR4xx tensors and graphs. */

interface Typed {
  readonly dtype: DType;
  readonly lanes: number;
}

const type = ({ dtype, lanes }: Typed): string => (lanes === 1 ? dtype : `${dtype}x${lanes}`);

/** IR101: the operands of an operator have different types. */
export function mismatchedOperands(op: string, left: Typed, right: Typed, span: Span): Diagnostic {
  return error("IR101", `operands of \`${op}\` have different types`, span, {
    expected: `two operands of one type, as ${type(left)}`,
    actual: `${type(left)} and ${type(right)}`,
    hint: "cast one of them",
  });
}

/** IR102: an operand's type is not one that its place takes. */
export function wrongOperand(what: string, expected: string, actual: Typed, span: Span): Diagnostic {
  return error("IR102", `${what} has a type that does not belong there`, span, {
    expected,
    actual: type(actual),
    hint: `cast it, or broadcast it where only the lanes differ`,
  });
}

/** IR103: a node says another type than its operands give. */
export function wrongResult(what: string, expected: Typed, actual: Typed, span: Span): Diagnostic {
  return error("IR103", `${what} declares another type than it has`, span, {
    expected: type(expected),
    actual: type(actual),
    hint: "make nodes with the builders, which compute types",
  });
}

/** IR104: a constant's value is none of its type. */
export function badConstant(value: string, dtype: string, span: Span): Diagnostic {
  return error("IR104", `constant ${value} is no value of \`${dtype}\``, span, {
    expected: "a value in the type's range: boolean for bool, bigint for int64 and uint64, else number; one lane",
    actual: value,
    hint: "make constants with `constant(value, dtype)`",
  });
}

/** IR105: lanes are not a positive integer, or not what the node asks for. */
export function badLanes(what: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR105", `${what} has a number of lanes it cannot have`, span, {
    expected,
    actual,
    hint: "a scalar has one lane; leave out the ramp or broadcast",
  });
}

/** IR106: an access has another number of indices than its buffer asks for. */
export function wrongIndexCount(name: string, expected: number, actual: number, span: Span): Diagnostic {
  return error("IR106", `\`${name}\` is accessed with a wrong number of indices`, span, {
    expected: `${expected}`,
    actual: `${actual}`,
    hint: "one index per dimension; from level flat on, one index in elements",
  });
}

/** IR107: a declaration of memory that cannot be. */
export function badBuffer(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR107", `buffer \`${name}\` cannot be declared so`, span, {
    expected,
    actual,
    hint: "declare it with `buffer(name, options)`",
  });
}

/** IR108: an operator or a word of a closed list that is not in it. */
export function unknownWord(what: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR108", `${what} is not known`, span, { expected, actual, hint: "use one of those expected" });
}

/** IR201: a variable or buffer is used where it is not bound. */
export function notInScope(what: string, name: string, span: Span): Diagnostic {
  return error("IR201", `${what} \`${name}\` is used outside the scope that binds it`, span, {
    expected: "a use inside the loop, let, register, allocation or function that binds it",
    actual: `no binding of this \`${name}\` around the use`,
    hint: "names mean nothing: use the very object that is bound",
  });
}

/** IR202: a variable or buffer is bound twice. */
export function boundTwice(what: string, name: string, span: Span): Diagnostic {
  return error("IR202", `${what} \`${name}\` is bound twice`, span, {
    expected: "one binding of each variable and buffer",
    actual: "another binding of the same object",
    hint: "call `refreshBinders` on the copy of a duplicated body",
  });
}

/** IR203: an assignment to what is no register. */
export function notARegister(name: string, span: Span): Diagnostic {
  return error("IR203", `\`${name}\` cannot be assigned`, span, {
    expected: "a variable bound by a register statement around the assignment",
    actual: `\`${name}\` is bound by a loop, a let or a parameter`,
    hint: "bind it with `register`",
  });
}

/** IR204: two functions of a module, or two parameters of a graph, have one name. */
export function duplicateName(what: string, name: string, span: Span): Diagnostic {
  return error("IR204", `two ${what} are named \`${name}\``, span, {
    expected: "unique names",
    actual: `\`${name}\` twice`,
    hint: "rename one",
  });
}

/** IR205: a call of a function that the module lacks. */
export function unknownCallee(name: string, known: readonly string[], span: Span): Diagnostic {
  return error("IR205", `no function \`${name}\` in the module`, span, {
    expected:
      known.length === 0 ? "a function of the module" : `one of ${known.map((each) => `\`${each}\``).join(", ")}`,
    actual: `\`${name}\``,
    hint: "add the function to the module",
  });
}

/** IR206: a call with a wrong number of arguments. */
export function wrongArity(callee: string, expected: number, actual: number, span: Span): Diagnostic {
  return error("IR206", `\`${callee}\` is called with a wrong number of arguments`, span, {
    expected: `${expected}`,
    actual: `${actual}`,
    hint: "begin and end of a parallel function are not among the arguments",
  });
}

/** IR207: an argument that does not fit its parameter. */
export function wrongArgument(
  callee: string,
  parameter: string,
  expected: string,
  actual: string,
  span: Span,
): Diagnostic {
  return error("IR207", `argument \`${parameter}\` of \`${callee}\` does not fit`, span, {
    expected,
    actual,
    hint: "pass a region for a buffer, an expression for a scalar",
  });
}

/** IR208: a call of a function of another role. */
export function wrongRole(callee: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR208", `\`${callee}\` cannot be called this way`, span, {
    expected,
    actual,
    hint: "ParallelCall runs functions of role parallel, KernelCall all others",
  });
}

/** IR209: a function of role `parallel` whose parameters do not begin with `begin` and `end`. */
export function badParallelParameters(name: string, actual: string, span: Span): Diagnostic {
  return error("IR209", `parallel function \`${name}\` lacks its range`, span, {
    expected: "first parameters `begin: index, end: index`",
    actual,
    hint: "put two index variables first",
  });
}

/** IR210: `mayAlias` names what is no parameter. */
export function aliasOfNoParameter(name: string, span: Span): Diagnostic {
  return error("IR210", `\`${name}\` may alias but is no parameter`, span, {
    expected: "two buffer parameters",
    actual: `\`${name}\``,
    hint: "drop the pair",
  });
}

/** IR211: shared statements unfold to more than can be checked. */
export function unfoldsTooFar(limit: number, span: Span): Diagnostic {
  return error("IR211", "shared statements unfold to too many", span, {
    expected: `at most ${limit} statements, each counted wherever it stands`,
    actual: "more",
    hint: "put the shared statements into a loop",
  });
}

/** IR301: a kind of node that the level does not have. */
export function kindNotAtLevel(kind: string, level: string, span: Span): Diagnostic {
  return error("IR301", `\`${kind}\` does not occur at level ${level}`, span, {
    expected: `nodes of level ${level}`,
    actual: kind,
    hint: kind === "Read" || kind === "Reduce" ? "schedule the tensors: loop IR has loads" : "lower it first",
  });
}

/** IR302: a kind of loop that the level does not have. */
export function loopNotAtLevel(
  kind: string,
  name: string,
  level: string,
  allowed: readonly string[],
  span: Span,
): Diagnostic {
  return error("IR302", `${kind} loop \`${name}\` does not occur at level ${level}`, span, {
    expected: allowed.join(", "),
    actual: kind,
    hint: "run the passes of `lower` that remove it",
  });
}

/** IR303: a thread loop without its tag, a tag on another loop, or one tag twice in a nest. */
export function badThread(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR303", `loop \`${name}\` has a thread tag it cannot have`, span, {
    expected,
    actual,
    hint: "bind each tag once in a nest, on a loop of kind thread",
  });
}

/** IR304: a vector access that is not contiguous, or a vector of a length that no target has. */
export function vectorNotLegal(what: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR304", `${what} is no vector operation of level device`, span, {
    expected,
    actual,
    hint: "legalise vectors for the target first",
  });
}

/** IR305: an allocation whose size is no constant. */
export function sizeNotConstant(name: string, actual: string, span: Span): Diagnostic {
  return error("IR305", `allocation \`${name}\` has no constant size`, span, {
    expected: "constant, non-negative extents",
    actual,
    hint: "bound the size",
  });
}

/** IR306: an evaluated expression without an effect. */
export function evaluatesNothing(actual: string, span: Span): Diagnostic {
  return error("IR306", "an evaluated expression has no effect", span, {
    expected: "a Call",
    actual,
    hint: "drop the statement",
  });
}

/** IR307: a call with the size of a launch of a function that is none of that size. */
export function notALaunch(callee: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR307", `\`${callee}\` is not in the form of the launch that calls it`, span, {
    expected,
    actual,
    hint: "run the pass `split-launches` of `lower`, or call without a launch",
  });
}

/** IR401: a tensor that its operation does not yield. */
export function wrongOutput(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR401", `tensor \`${name}\` is no output of its operation`, span, {
    expected,
    actual,
    hint: "make tensors with the builders of `te`",
  });
}

/** IR402: a reduction where none may stand. */
export function misplacedReduce(name: string, actual: string, span: Span): Diagnostic {
  return error("IR402", `a reduction in \`${name}\` is not at the top of a body`, span, {
    expected: "all bodies of a computation are reductions over the same axes, or none has one",
    actual,
    hint: "compute the reduction as a tensor of its own",
  });
}

/** IR403: a reduction or combiner whose parts do not fit each other. */
export function badReduction(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR403", `the parts of reduction \`${name}\` do not fit each other`, span, {
    expected,
    actual,
    hint: "one source, result and identity for each value, of one type",
  });
}

/** IR404: an axis of a kind that does not belong there. */
export function wrongAxis(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR404", `axis \`${name}\` does not belong there`, span, {
    expected,
    actual,
    hint: "use `reduceAxis` for reductions, the axes of `compute` for the rest",
  });
}

/** IR405: a scan or extern whose lists do not fit each other. */
export function mismatchedLists(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR405", `the lists of \`${name}\` do not fit each other`, span, {
    expected,
    actual,
    hint: "one entry for each state of a scan, one buffer for each tensor of an extern",
  });
}

/** IR411: a value that is used before anything defines it. */
export function valueNotDefined(name: string, span: Span): Diagnostic {
  return error("IR411", `value \`${name}\` is used before it is defined`, span, {
    expected: "nodes in topological order",
    actual: `\`${name}\` is no input, constant, state or output of an earlier node`,
    hint: "sort the nodes",
  });
}

/** IR412: a reuse of a number that an operator does not have. */
export function badReuse(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("IR412", `node \`${name}\` reuses an input or output it does not have`, span, {
    expected,
    actual,
    hint: "numbers count from 0",
  });
}

/** IR413: a symbol whose bounds cannot be. */
export function badSymbol(name: string, actual: string, span: Span): Diagnostic {
  return error("IR413", `symbol \`${name}\` has bounds that cannot be`, span, {
    expected: "0 ≤ min ≤ max",
    actual,
    hint: "give the least and greatest extent",
  });
}
