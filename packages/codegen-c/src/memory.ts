import { invariant } from "@tilewright/diagnostics";
import type { Buffer, Expr, Load, Shuffle, Store } from "@tilewright/ir";
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
function elementText(name: string, { text }: Value, { scope }: Buffer): string {
  if (scope === "local") return `${name}[${text}]`;
  const [, variable, constant] = /^(\w+) \+ (\d+)$/.exec(text) ?? [];
  return variable === undefined ? `${name}[${text}]` : `(${name} + ${variable})[${constant}]`;
}

function element(name: string, index: Value, buffer: Buffer): Value {
  return combine(elementText(name, index, buffer), LEVEL.atom, [index]);
}

function address(name: string, index: Value, buffer: Buffer): Value {
  if (index.text === "0") return atom(name);
  return combine(`&${elementText(name, index, buffer)}`, LEVEL.unary, [index]);
}

/** Vectors in memory by element: half types by their own name, bool as bytes. */
function memoryVector(buffer: Buffer, lanes: number): string {
  return `${buffer.dtype === "bool" ? "u8" : typeOf(buffer.dtype).short}x${lanes}`;
}

/** A load of a scalar, or of neighbours. */
export function loadValue(writer: ExpressionWriter, { buffer, indices, lanes, predicate }: Load): Value {
  const { helpers } = writer.scope;
  const [index] = indices as readonly [Expr];
  const name = nameOf(writer.scope, buffer);
  if (index.kind === "Ramp") {
    const loaded = called(helpers.use("load", memoryVector(buffer, lanes)), [
      address(name, writer.of(index.base), buffer),
    ]);
    return buffer.dtype === "bool" ? castTo(helpers.vector("i8", lanes), infix("!=", loaded, atom("0")), 8) : loaded;
  }
  const read = readElement(writer, buffer, element(name, writer.of(index), buffer));
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
  const name = nameOf(writer.scope, buffer);
  const held = writer.value(value);
  if (index.kind === "Ramp") {
    const to = address(name, writer.value(index.base), buffer);
    const bytes = buffer.dtype === "bool" ? boolBytes(writer, held, index.lanes) : held;
    return `${called(writer.scope.helpers.use("store", memoryVector(buffer, index.lanes)), [to, bytes]).text};`;
  }
  const condition = predicate === null ? "" : `if (${writer.value(predicate).text}) `;
  return `${condition}${element(name, writer.value(index), buffer).text} = ${packed(writer, buffer, held).text};`;
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
