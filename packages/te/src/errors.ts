import type { Diagnostic, Span } from "@tilewright/diagnostics";
import type { DType, Expr, IterVar, Tensor, Var } from "@tilewright/ir";
import { describe, describeShape, describeValue, typeOf } from "./describe.js";

type Parts = Partial<Omit<Diagnostic, "code" | "severity" | "message" | "span">>;
export const error = (code: string, span: Span, message: string, parts: Parts): Diagnostic => ({
  code,
  severity: "error",
  message,
  span,
  ...parts,
});

/** TE101: the operands of an operator have different types. */
export const mismatchedTypes = (op: string, left: Expr, right: Expr, span: Span): Diagnostic =>
  error("TE101", span, `operands of \`${op}\` have different types`, {
    expected: `two operands of one type, as ${typeOf(left)}`,
    actual: `${typeOf(left)} and ${typeOf(right)}`,
    hint: `cast one of them: cast(x, "${left.dtype}")`,
  });

/** TE102: an operator does not take this type. */
export const unacceptedType = (op: string, accepted: string, actual: Expr, span: Span): Diagnostic =>
  error("TE102", span, `\`${op}\` does not take ${typeOf(actual)}`, {
    expected: accepted,
    actual: typeOf(actual),
    hint: 'convert the operand first, as cast(x, "float32") or ne(x, 0)',
  });

/** TE103: a number that its type does not hold. */
export const notRepresentable = (value: number | bigint | boolean, dtype: DType, span: Span): Diagnostic =>
  error("TE103", span, `${String(value)} is no value of ${dtype}`, {
    expected: `a value of ${dtype}, the type of the operand beside it`,
    actual: String(value),
    hint: "cast the other operand to a type that holds it",
  });

/** TE104: nothing says which type bare numbers are of. */
export const untypedNumbers = (op: string, span: Span): Diagnostic =>
  error("TE104", span, `cannot tell the type of the operands of \`${op}\``, {
    expected: "at least one operand that has a type",
    actual: "bare numbers",
    hint: 'give one of them a type: constant(1, "float32")',
  });

/** TE105: a tensor stands where one element is needed. */
export const tensorWithoutIndices = (tensor: Tensor, span: Span): Diagnostic =>
  error("TE105", span, `the tensor \`${tensor.name}\` stands where one element is needed`, {
    expected: "an expression",
    actual: `a tensor of shape ${describeShape(tensor.shape)}`,
    hint: `read an element: read(${tensor.name}, …) with ${tensor.shape.length} indices`,
  });

/** TE106: a condition that is not a truth value. */
export const notACondition = (op: string, actual: Expr, span: Span): Diagnostic =>
  error("TE106", span, `the condition of \`${op}\` is no truth value`, {
    expected: "bool",
    actual: typeOf(actual),
    hint: "compare: ne(x, 0)",
  });

/** TE107: something that is no value at all. */
export const notAnOperand = (actual: unknown, span: Span): Diagnostic =>
  error("TE107", span, "an operand is no value", {
    expected: "an expression, an axis, a tensor of rank 0, or a number",
    actual: describeValue(actual),
    hint: "read(tensor, …indices) makes an expression of a tensor",
  });

/** TE108: a name that is no element type. */
export const unknownType = (actual: unknown, span: Span): Diagnostic =>
  error("TE108", span, "unknown element type", {
    expected: "one of DTYPES of @tilewright/ir",
    actual: describeValue(actual),
    hint: 'as "float32" or "int32"',
  });

/** TE109: a type that no tensor holds. */
export const unheldType = (what: string, span: Span): Diagnostic =>
  error("TE109", span, `${what} would hold \`index\` values`, {
    expected: "a data type",
    actual: "index",
    hint: 'cast(x, "int32") makes a data value of an axis',
  });

/** TE201: a read with too few or too many indices. */
export const rankMismatch = (tensor: Tensor, actual: number, span: Span): Diagnostic =>
  error("TE201", span, `\`${tensor.name}\` has rank ${tensor.shape.length}, read with ${actual} indices`, {
    expected: `${tensor.shape.length} indices for shape ${describeShape(tensor.shape)}`,
    actual: `${actual}`,
    hint: "give one index for each dimension",
  });

/** TE202: an index that is no integer. */
export const notAnIndex = (tensor: Tensor, position: number, actual: Expr, span: Span): Diagnostic =>
  error("TE202", span, `index ${position} of \`${tensor.name}\` is no integer`, {
    expected: "index or an integer type",
    actual: typeOf(actual),
    hint: 'round it and cast it: cast(floor(x), "index")',
  });

/** TE203: a read that certainly leaves its tensor. */
export const outOfBounds = (tensor: Tensor, position: number, min: number, max: number, span: Span): Diagnostic =>
  error("TE203", span, `index ${position} of \`${tensor.name}\` leaves the tensor`, {
    expected: `0 ≤ index < ${tensor.shape[position] === undefined ? "?" : describe(tensor.shape[position])}`,
    actual: `values from ${min} to ${max}`,
    hint: "guard the read with ifThenElse, or limit the index with minimum and maximum",
  });

/** TE204: an extent that is no length. */
export const badExtent = (what: string, actual: unknown, span: Span): Diagnostic =>
  error("TE204", span, `${what} has an extent that is no length`, {
    expected: "an integer ≥ 0, or an expression of type index",
    actual: describeValue(actual),
    hint: "give lengths in elements",
  });

/** TE205: a reduction inside a larger expression. */
export const nestedReduction = (name: string, span: Span): Diagnostic =>
  error("TE205", span, `a reduction in \`${name}\` is not the whole body`, {
    expected: "a reduction as the whole value of an element",
    actual: "a reduction inside another expression",
    hint: "give the reduction a compute of its own and read its result",
  });

/** TE206: outputs of one compute that do not share their loops. */
export const mixedBodies = (name: string, span: Span): Diagnostic =>
  error("TE206", span, `the outputs of \`${name}\` do not share their loops`, {
    expected: "all outputs reduce over the same axes, or none reduces",
    actual: "different reductions",
    hint: "use one compute for each",
  });

/** TE207: a variable that is no axis of this compute. */
export const foreignVariable = (name: string, variable: Var, span: Span): Diagnostic =>
  error("TE207", span, `\`${variable.name}\` is no axis of \`${name}\``, {
    expected: `axes of \`${name}\`, axes that its reduction folds, symbols of the shapes`,
    actual: `\`${variable.name}\`, an axis of something else`,
    hint: "use the arguments of the callback, and hand each reduceAxis to the reduction; a scalar parameter takes a data type, not index",
  });

/** TE208: two axes of one compute share a name. */
export const duplicateAxis = (name: string, axis: string, span: Span): Diagnostic =>
  error("TE208", span, `two axes of \`${name}\` are named \`${axis}\``, {
    expected: "distinct names: schedules name axes",
    actual: `\`${axis}\` twice`,
    hint: 'name them: reduceAxis(8, "r"), compute(shape, f, { axes: ["i", "j"] })',
  });

/** TE209: reduction axes that are none. */
export const badReduceAxes = (actual: unknown, span: Span): Diagnostic =>
  error("TE209", span, "a reduction folds over something that is no reduction axis", {
    expected: "one axis of reduceAxis, or an array of distinct ones",
    actual: describeValue(actual),
    hint: "const k = reduceAxis(extent); sum(value, k)",
  });

/** TE210: a reducer whose tuple has the wrong shape. */
export const badReducer = (name: string, what: string, expected: string, actual: string, span: Span): Diagnostic =>
  error("TE210", span, `the ${what} of reducer \`${name}\` do not fit its values`, {
    expected,
    actual,
    hint: "combine and identities give one expression for each reduced value, of its type",
  });

/** TE211: a callback that gives no value. */
export const noBody = (name: string, actual: unknown, span: Span): Diagnostic =>
  error("TE211", span, `the callback of \`${name}\` gives no value`, {
    expected: "an expression, or a non-empty array of expressions",
    actual: describeValue(actual),
    hint: "does an arrow function with braces miss its return?",
  });

/** TE212: something else where a tensor belongs. */
export const notATensor = (what: string, actual: unknown, span: Span): Diagnostic =>
  error("TE212", span, `${what} is no tensor`, {
    expected: "a tensor of placeholder, compute, scan or extern",
    actual: describeValue(actual),
    hint: "read(tensor, …indices): the tensor comes first",
  });

/** TE213: the parts of a scan do not fit together. */
export const badScan = (name: string, expected: string, actual: string, span: Span): Diagnostic =>
  error("TE213", span, `the parts of scan \`${name}\` do not fit together`, {
    expected,
    actual,
    hint: "initial [T0, …], state [T, …] and update [T, …] agree in type and in all dimensions but the first",
  });

/** TE214: a start value of a reduction that varies inside it. */
export const varyingInitial = (axis: IterVar, span: Span): Diagnostic =>
  error("TE214", span, `the initial value of a reduction uses its axis \`${axis.name}\``, {
    expected: "an expression over the other axes",
    actual: `\`${axis.name}\` is folded away`,
    hint: "move it into the reduced value",
  });

/** TE215: an extern without a body or outputs. */
export const badExtern = (name: string, expected: string, actual: unknown, span: Span): Diagnostic =>
  error("TE215", span, `the extern \`${name}\` is incomplete`, {
    expected,
    actual: describeValue(actual),
    hint: "extern({ inputs, outputs: [{ shape, dtype }], body: (inputs, outputs) => statement })",
  });
