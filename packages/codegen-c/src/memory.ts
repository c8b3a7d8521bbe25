import { invariant } from "@tilewright/diagnostics";
import { type Buffer, type Expr, isConst, type Load, type Shuffle, type Store } from "@tilewright/ir";
import type { ExpressionWriter, Scope } from "./expression.js";
import { isHalf, typeOf } from "./types.js";
import { atom, called, castTo, combine, infix, LEVEL, type Value, wrap } from "./value.js";
import { toMask, vectorTypeName } from "./vector-operators.js";

/** The name of a buffer that is in scope. */
export function nameOf({ buffers }: Scope, buffer: Buffer): string {
  const name = buffers.get(buffer);
  invariant(name !== undefined, `nothing binds \`${buffer.name}\``);
  return name;
}

/**
 * `name[address + 4]` as `(name + address)[4]`: compilers for WebAssembly put a constant that follows a pointer into the instruction, and add any
 * other at run time. Not in arrays of the function, whose ends they know: an address alone may lie before the array.
 */
function elementText(writer: ExpressionWriter, buffer: Buffer, index: Expr): string {
  const name = nameOf(writer.scope, buffer);
  const { text, level } = writer.of(index);
  const isSum = index.kind === "Binary" && index.op === "add" && index.dtype === "index" && level === LEVEL.add;
  const foldable = isSum && index.left.kind === "Var" && isConst(index.right) && Number(index.right.value) >= 0;
  if (!foldable || buffer.scope === "local") return `${name}[${text}]`;
  return `(${name} + ${writer.of(index.left).text})[${writer.of(index.right).text}]`;
}

function element(writer: ExpressionWriter, buffer: Buffer, index: Expr): Value {
  return combine(elementText(writer, buffer, index), LEVEL.atom, [writer.of(index)]);
}

function address(writer: ExpressionWriter, buffer: Buffer, index: Expr): Value {
  if (isConst(index, 0)) return atom(nameOf(writer.scope, buffer));
  return combine(`&${elementText(writer, buffer, index)}`, LEVEL.unary, [writer.of(index)]);
}

/** Vectors in memory by element: half types by their own name, bool as bytes. */
function memoryVector(buffer: Buffer, lanes: number): string {
  return `${buffer.dtype === "bool" ? "u8" : typeOf(buffer.dtype).short}x${lanes}`;
}

/** A load of a scalar, or of neighbours. */
export function loadValue(writer: ExpressionWriter, { buffer, indices, lanes, predicate }: Load): Value {
  const { helpers } = writer.scope;
  const [index] = indices as readonly [Expr];
  if (index.kind === "Ramp") {
    const loaded = called(helpers.use("load", memoryVector(buffer, lanes)), [address(writer, buffer, index.base)]);
    return buffer.dtype === "bool" ? castTo(helpers.vector("i8", lanes), infix("!=", loaded, atom("0")), 8) : loaded;
  }
  const read = readElement(writer, buffer, element(writer, buffer, index));
  if (predicate === null) return read;
  const condition = writer.of(predicate);
  return combine(`${wrap(condition, LEVEL.or)} ? ${wrap(read, LEVEL.or)} : 0`, LEVEL.choice, [condition, read]);
}

/** An element of memory as a value. */
function readElement(writer: ExpressionWriter, buffer: Buffer, read: Value): Value {
  if (!isHalf(buffer.dtype)) return read;
  return called(writer.scope.helpers.use("unpack", typeOf(buffer.dtype).short), [read]);
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

/** A store of a scalar, or of neighbours. */
export function storeLine(writer: ExpressionWriter, { buffer, indices, value, predicate }: Store): string {
  const [index] = indices as readonly [Expr];
  const held = writer.value(value);
  if (index.kind === "Ramp") {
    writer.value(index.base);
    const to = address(writer, buffer, index.base);
    const bytes = buffer.dtype === "bool" ? boolBytes(writer, held, index.lanes) : held;
    return `${called(writer.scope.helpers.use("store", memoryVector(buffer, index.lanes)), [to, bytes]).text};`;
  }
  const condition = predicate === null ? "" : `if (${writer.value(predicate).text}) `;
  writer.value(index);
  return `${condition}${element(writer, buffer, index).text} = ${packed(writer, buffer, held).text};`;
}

function boolBytes(writer: ExpressionWriter, mask: Value, lanes: number): Value {
  const { helpers } = writer.scope;
  return castTo(helpers.vector("u8", lanes), infix("&", toMask(helpers, mask, 8, lanes), atom("1")));
}

/** A value as an element of memory. */
function packed(writer: ExpressionWriter, buffer: Buffer, value: Value): Value {
  const { short, memory } = typeOf(buffer.dtype);
  if (isHalf(buffer.dtype)) return called(writer.scope.helpers.use("pack", short), [value]);
  return buffer.dtype === "bool" ? castTo(memory, value) : value;
}

/** The type of elements that a buffer's pointer points to. */
export function pointee(buffer: Buffer): string {
  return typeOf(buffer.dtype).memory;
}
