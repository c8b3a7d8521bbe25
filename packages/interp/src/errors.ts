import type { Diagnostic, Span } from "@tilewright/diagnostics";

type Parts = Omit<Diagnostic, "code" | "severity">;
const error = (code: string, parts: Parts): Diagnostic => ({ code, severity: "error", ...parts });

/** Where in a run something happened: the place in the program, and the values of the loops around it. */
export interface Place {
  readonly span: Span;
  readonly notes: readonly string[];
}

const tuple = (values: readonly unknown[]): string => `[${values.join(", ")}]`;

/** IP101: a parameter was given no argument. */
export const missingArgument = (name: string, given: readonly string[], span: Span): Diagnostic =>
  error("IP101", {
    message: `parameter \`${name}\` has no argument`,
    span,
    expected: `an argument for \`${name}\``,
    actual: given.length === 0 ? "no arguments" : `arguments for ${given.map((each) => `\`${each}\``).join(", ")}`,
    hint: "name arguments as the parameters are named, or use the Buffer and Var objects as keys",
  });

/** IP102: an argument is not of the kind that its parameter needs. */
export const wrongArgument = (name: string, expected: string, actual: string, span: Span): Diagnostic =>
  error("IP102", {
    message: `the argument of \`${name}\` has the wrong type`,
    span,
    expected,
    actual,
    hint: "float16 and bfloat16 are bits in a Uint16Array, bool a Uint8Array, packed integers bytes in a Uint8Array",
  });

/** IP103: a memory has another size than its buffer. */
export const wrongLength = (name: string, expected: string, actual: number, span: Span): Diagnostic =>
  error("IP103", {
    message: `the memory of \`${name}\` has the wrong length`,
    span,
    expected,
    actual: `${actual} elements`,
    hint: "make the array as long as the product of the shape",
  });

/** IP104: there is no function to run. */
export const noEntry = (name: string | undefined, names: readonly string[], span: Span): Diagnostic =>
  error("IP104", {
    message: name === undefined ? "the module has no function to start with" : `the module has no function \`${name}\``,
    span,
    expected: `one of: ${names.join(", ") || "(the module is empty)"}`,
    actual: name ?? "no name, and more or fewer than one host function or kernel",
    hint: "name the function in the option `entry`",
  });

/** IP105: two arguments share memory although the function does not allow it. */
export const overlappingArguments = (first: string, second: string, span: Span): Diagnostic =>
  error("IP105", {
    message: `\`${first}\` and \`${second}\` share memory`,
    span,
    expected: "arguments that do not overlap where one of them is written",
    actual: "overlapping memory",
    hint: "declare the pair in `mayAlias` and pass equal memory, or pass separate memory",
  });

/** IP201: something is used that nothing around it binds. */
export const unbound = (what: string, name: string, span: Span): Diagnostic =>
  error("IP201", {
    message: `${what} \`${name}\` is not bound here`,
    span,
    expected: `a definition of \`${name}\` around its use`,
    actual: "none",
    hint: "names do not bind, objects do: use the very object that the parameter, loop, let or allocation binds",
  });

/** IP202: an operator or statement is not defined for these types. */
export const illTyped = (message: string, expected: string, actual: string, span: Span): Diagnostic =>
  error("IP202", { message, span, expected, actual, hint: "run `verify` of @tilewright/ir/verify for the whole list" });

/** IP203: a call of an intrinsic whose meaning is not known. */
export const unknownIntrinsic = (name: string, known: readonly string[], span: Span): Diagnostic =>
  error("IP203", {
    message: `intrinsic \`${name}\` has no meaning here`,
    span,
    expected: known.length === 0 ? "no intrinsic, none is given" : `one of: ${known.join(", ")}`,
    actual: name,
    hint: "give its semantics in the option `intrinsics`",
  });

/** IP204: a call of a function that the module does not hold. */
export const unknownCallee = (name: string, names: readonly string[], span: Span): Diagnostic =>
  error("IP204", {
    message: `function \`${name}\` is not in the module`,
    span,
    expected: `one of: ${names.join(", ") || "(none)"}`,
    actual: name,
    hint: "interpret the whole module, not one function of it",
  });

/** IP205: the arguments of a call do not fit the callee. */
export const badCall = (callee: string, expected: string, actual: string, place: Place): Diagnostic =>
  error("IP205", {
    message: `the call of \`${callee}\` does not fit it`,
    ...place,
    expected,
    actual,
    hint: "a buffer parameter takes a contiguous, aligned region of as many bytes, a scalar parameter an expression",
  });

/** IP206: the program is nested deeper than the interpreter's stack. */
export const tooDeep = (span: Span): Diagnostic =>
  error("IP206", {
    message: "the program is nested too deeply to interpret",
    span,
    expected: "expressions and statements nested some thousand deep at most",
    actual: "deeper nesting, or functions that call each other without end",
    hint: "split the expression with a Let",
  });

/** IP301: an access outside its buffer. */
export const outOfBounds = (
  access: string,
  buffer: string,
  index: readonly number[],
  shape: readonly number[],
  at: Place,
): Diagnostic =>
  error("IP301", {
    message: `${access} of \`${buffer}\` out of bounds`,
    ...at,
    expected: `indices inside the shape ${tuple(shape)}`,
    actual: tuple(index),
    hint: "guard the access with an If or IfThenElse",
  });

/** IP302: an `index` left the range in which doubles hold all integers. */
export const indexOverflow = (what: string, value: number, span: Span): Diagnostic =>
  error("IP302", {
    message: `\`${what}\` of type index leaves ±2^53`,
    span,
    expected: "index arithmetic that stays within ±2^53",
    actual: String(value),
    hint: "index is for addresses and extents; use int64 for data",
  });

/** IP303: memory was read before anything wrote it. */
export const uninitialisedRead = (buffer: string, index: readonly number[], place: Place): Diagnostic =>
  error("IP303", {
    message: `\`${buffer}\` is read before it is written`,
    ...place,
    expected: "a write before the read",
    actual: `nothing wrote ${tuple(index)}`,
    hint: "an allocation holds arbitrary values until they are written",
  });

/** IP304: an Assert failed. */
export const assertionFailed = (message: string, place: Place): Diagnostic =>
  error("IP304", {
    message: `assertion failed: ${message}`,
    ...place,
    expected: "a condition that holds",
    actual: "false",
    hint: "the program states what it needs; check its arguments",
  });

/** IP305: the run took more iterations than allowed. */
export const stepLimit = (limit: number, place: Place): Diagnostic =>
  error("IP305", {
    message: "the run does not end within its limit of steps",
    ...place,
    expected: `at most ${limit} loop iterations`,
    actual: "more",
    hint: "raise the option `maxSteps`, or look for a While whose condition stays true",
  });

/** IP306: two accesses that nothing orders touch one element, and one of them writes. */
export const race = (buffer: string, loop: string, first: string, second: string, place: Place): Diagnostic =>
  error("IP306", {
    message: `race on \`${buffer}\` in ${loop}`,
    ...place,
    expected: "accesses of one element that are ordered, or that only read",
    actual: `${first} and ${second}`,
    hint: "order them with a barrier or token, give each its own element, or use Atomic",
  });

/** IP307: not all threads of a group reach a barrier. */
export const divergentBarrier = (loop: string, actual: string, span: Span): Diagnostic =>
  error("IP307", {
    message: `threads of \`${loop}\` do not reach the same barrier`,
    span,
    expected: "every thread of the group at one barrier",
    actual,
    hint: "move the barrier out of the branch or the loop that differs between threads",
  });

/** IP308: queues wait for tokens that nothing will give. */
export const deadlock = (waiting: readonly string[], span: Span): Diagnostic =>
  error("IP308", {
    message: "the queues are deadlocked",
    span,
    expected: "a push for every pop",
    actual: waiting.join("; "),
    hint: "push the token on the channel that is waited for, before the pop in every order",
  });

/** IP309: an asynchronous body touches memory that it did not declare. */
export const undeclaredAccess = (access: string, buffer: string, index: readonly number[], place: Place): Diagnostic =>
  error("IP309", {
    message: `${access} of \`${buffer}\` outside the regions that the Async declares`,
    ...place,
    expected: "accesses inside the declared reads and writes",
    actual: `${buffer}${tuple(index)}`,
    hint: "declare the region, or make it larger",
  });

/** IP310: tokens were pushed that nobody took. */
export const leftoverTokens = (channels: readonly string[], span: Span): Diagnostic =>
  error("IP310", {
    message: "tokens are left over",
    span,
    expected: "as many pops as pushes on every channel",
    actual: channels.join("; "),
    hint: "pop them before the end: the next run would find them",
  });

/** IP311: a loop with a negative extent, or a shape with one. */
export const negativeExtent = (name: string, value: number, place: Place): Diagnostic =>
  error("IP311", {
    message: `\`${name}\` has a negative extent`,
    ...place,
    expected: "an extent ≥ 0",
    actual: String(value),
    hint: "clamp it with max(0, …)",
  });
