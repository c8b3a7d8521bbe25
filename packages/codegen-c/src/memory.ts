import { CompileError } from "@tilewright/diagnostics";
import type { Buffer, Expr, Load, Shuffle, Store } from "@tilewright/ir";
import { notDeviceLevel } from "./errors.js";
import type { ExpressionWriter } from "./expression.js";
import { isContiguous } from "./graph-order.js";
import { isHalf, typeOf } from "./types.js";
import { atom, called, castTo, combine, infix, LEVEL, type Value, wrap } from "./value.js";
import { toMask, vectorTypeName } from "./vector-operators.js";

/** The one index of a flat access. @throws CompileError `BE206` when there are several. */
export function flatIndex({ indices, span }: { readonly indices: readonly Expr[]; readonly span: Expr["span"] }): Expr {
  const [index] = indices;
  if (index === undefined || indices.length !== 1)
    throw new CompileError(notDeviceLevel("an access with several indices", "one index, in elements", span));
  return index;
}

function nameOf(writer: ExpressionWriter, buffer: Buffer, span: Expr["span"]): string {
  const name = writer.scope.buffers.get(buffer);
  if (name === undefined)
    throw new CompileError(
      notDeviceLevel(`the undeclared buffer \`${buffer.name}\``, "a parameter or an `Allocate`", span),
    );
  return name;
}

function element(name: string, index: Value): Value {
  return combine(`${name}[${index.text}]`, LEVEL.atom, [index]);
}

function address(name: string, index: Value): Value {
  if (index.text === "0") return atom(name);
  return combine(`&${name}[${index.text}]`, LEVEL.unary, [index]);
}

/** Vectors in memory by element: half types by their own name, bool as bytes. */
function memoryVector(buffer: Buffer, lanes: number): string {
  return `${buffer.dtype === "bool" ? "u8" : typeOf(buffer.dtype, buffer.span).short}x${lanes}`;
}

const laneWidth = (buffer: Buffer): number =>
  buffer.dtype === "bool" ? 8 : isHalf(buffer.dtype) ? 32 : typeOf(buffer.dtype, buffer.span).bits;

/** A load: scalar, contiguous, or lane by lane. */
export function loadValue(writer: ExpressionWriter, expr: Load): Value {
  const { helpers } = writer.scope;
  const index = flatIndex(expr);
  const name = nameOf(writer, expr.buffer, expr.span);
  if (expr.lanes === 1) {
    const read = readElement(writer, expr.buffer, element(name, writer.of(index)));
    if (expr.predicate === null) return read;
    const predicate = writer.of(expr.predicate);
    return combine(`${wrap(predicate, LEVEL.or)} ? ${wrap(read, LEVEL.or)} : 0`, LEVEL.choice, [predicate, read]);
  }
  if (!isContiguous(index) || index.kind !== "Ramp") return gather(writer, expr, name, index);
  const from = address(name, writer.of(index.base));
  const type = memoryVector(expr.buffer, expr.lanes);
  const mask =
    expr.predicate === null
      ? undefined
      : toMask(helpers, writer.of(expr.predicate), laneWidth(expr.buffer), expr.lanes);
  const loaded =
    mask === undefined
      ? called(helpers.use("load", type), [from])
      : called(helpers.use("maskload", type), [from, mask]);
  if (expr.buffer.dtype !== "bool") return loaded;
  return castTo(helpers.vector("i8", expr.lanes), infix("!=", loaded, atom("0")), 8);
}

/** An element of memory as a value. */
function readElement(writer: ExpressionWriter, buffer: Buffer, read: Value): Value {
  if (!isHalf(buffer.dtype)) return read;
  return called(writer.scope.helpers.use("unpack", typeOf(buffer.dtype, buffer.span).short), [read]);
}

/** The index of each lane, as text. */
function laneIndices(writer: ExpressionWriter, index: Expr): readonly Value[] {
  const lanes = Array.from({ length: index.lanes }, (_, lane) => lane);
  if (index.kind !== "Ramp") {
    const vector = writer.pin(index);
    return lanes.map((lane) => atom(`${vector.text}[${lane}]`));
  }
  const base = writer.pin(index.base);
  const stride = writer.pin(index.stride);
  return lanes.map((lane) => (lane === 0 ? base : infix("+", base, infix("*", atom(`${lane}`), stride))));
}

function gather(writer: ExpressionWriter, expr: Load, name: string, index: Expr): Value {
  const { helpers } = writer.scope;
  const isBool = expr.buffer.dtype === "bool";
  const mask = expr.predicate === null ? undefined : writer.pin(expr.predicate);
  const lanes = laneIndices(writer, index).map((lane, position) => {
    const read = readElement(writer, expr.buffer, element(name, lane));
    const value = isBool ? combine(`-${wrap(read, LEVEL.atom)}`, LEVEL.unary, [read]) : read;
    return mask === undefined ? value.text : `${mask.text}[${position}] ? ${value.text} : 0`;
  });
  const type = isBool ? helpers.vector("i8", expr.lanes) : vectorTypeName(helpers, expr, 0);
  return atom(`(${type}){${lanes.join(", ")}}`, isBool ? 8 : 0);
}

/** A shuffle: one lane, a built-in shuffle of two vectors, or lane by lane. */
export function shuffleValue(writer: ExpressionWriter, expr: Shuffle): Value {
  const { helpers } = writer.scope;
  const isBool = expr.dtype === "bool";
  const values = expr.vectors.map((vector) => writer.of(vector));
  const bits = isBool ? Math.max(32, ...values.map((value) => value.maskBits)) : 0;
  const [first, second = first] = expr.vectors;
  const pairable =
    expr.vectors.length <= 2 &&
    first !== undefined &&
    second !== undefined &&
    first.lanes === second.lanes &&
    first.lanes > 1;
  if (expr.lanes > 1 && pairable) {
    const fitted = expr.vectors.map((vector, position) => {
      const value = values[position] as Value;
      return isBool ? toMask(helpers, value, bits, vector.lanes) : value;
    });
    const args = [fitted[0] as Value, fitted[1] ?? writer.pin(first, fitted[0])];
    return combine(
      `__builtin_shufflevector(${args.map((arg) => arg.text).join(", ")}, ${expr.picks.join(", ")})`,
      LEVEL.atom,
      args,
      bits,
    );
  }
  const lanes: string[] = [];
  expr.vectors.forEach((vector) => {
    const value = writer.pin(vector);
    if (vector.lanes === 1) lanes.push(isBool && expr.lanes > 1 ? `-${value.text}` : value.text);
    else
      for (let lane = 0; lane < vector.lanes; lane++)
        lanes.push(isBool && expr.lanes === 1 ? `${value.text}[${lane}] != 0` : `${value.text}[${lane}]`);
  });
  const picked = expr.picks.map((pick) => lanes[pick] ?? "0");
  if (expr.lanes === 1) return combine(picked[0] ?? "0", isBool ? LEVEL.equality : LEVEL.atom, []);
  return atom(
    `(${isBool ? helpers.vector(`i${bits}`, expr.lanes) : vectorTypeName(helpers, expr, 0)}){${picked.join(", ")}}`,
    bits,
  );
}

/** The lines of a store. */
export function storeLines(writer: ExpressionWriter, stmt: Store): readonly string[] {
  const { helpers } = writer.scope;
  const index = flatIndex(stmt);
  const name = nameOf(writer, stmt.buffer, stmt.span);
  const value = writer.value(stmt.value);
  const predicate = stmt.predicate === null ? undefined : writer.value(stmt.predicate);
  if (stmt.value.lanes === 1 && index.lanes === 1) {
    const line = `${element(name, writer.value(index)).text} = ${packed(writer, stmt.buffer, value).text};`;
    return predicate === undefined ? [line] : [`if (${predicate.text}) ${line}`];
  }
  if (index.kind === "Ramp") for (const part of [index.base, index.stride]) writer.value(part);
  else writer.value(index);
  if (!isContiguous(index) || index.kind !== "Ramp") return scatter(writer, stmt, name, index);
  const to = address(name, writer.of(index.base));
  const type = memoryVector(stmt.buffer, index.lanes);
  const held = stmt.buffer.dtype === "bool" ? boolBytes(writer, value, index.lanes) : value;
  if (predicate === undefined) return [`${called(helpers.use("store", type), [to, held]).text};`];
  const mask = toMask(helpers, predicate, laneWidth(stmt.buffer), index.lanes);
  return [`${called(helpers.use("maskstore", type), [to, mask, held]).text};`];
}

function boolBytes(writer: ExpressionWriter, mask: Value, lanes: number): Value {
  const { helpers } = writer.scope;
  return castTo(helpers.vector("u8", lanes), infix("&", toMask(helpers, mask, 8, lanes), atom("1")));
}

/** A value as an element of memory. */
function packed(writer: ExpressionWriter, buffer: Buffer, value: Value): Value {
  const { short, memory } = typeOf(buffer.dtype, buffer.span);
  if (isHalf(buffer.dtype)) return called(writer.scope.helpers.use("pack", short), [value]);
  return buffer.dtype === "bool" ? castTo(memory, value) : value;
}

function scatter(writer: ExpressionWriter, stmt: Store, name: string, index: Expr): readonly string[] {
  const value = writer.pin(stmt.value);
  const mask = stmt.predicate === null ? undefined : writer.pin(stmt.predicate);
  const isBool = stmt.buffer.dtype === "bool";
  return laneIndices(writer, index).map((lane, position) => {
    const item = atom(isBool ? `(${value.text}[${position}] & 1)` : `${value.text}[${position}]`);
    const line = `${element(name, lane).text} = ${packed(writer, stmt.buffer, item).text};`;
    return mask === undefined ? line : `if (${mask.text}[${position}]) ${line}`;
  });
}

/** The type of elements that a buffer's pointer points to. */
export function pointee(buffer: Buffer): string {
  return typeOf(buffer.dtype, buffer.span).memory;
}
