// A variable that the host would have to read from memory lives in memory: one element, or one for each block.
import { type Allocate, buffer, build, type Expr, int, rewrite, type Stmt, sequence, type Var } from "@tilewright/ir";
import { type Axis, hostAllocation } from "./launch-memory.js";

/** `value`, held in memory while `body` runs, which may assign it; the host allocates it and launches store it. */
export function inMemory(held: Var, value: Expr, body: Stmt, blocks: readonly Axis[]): Allocate {
  const dtype = held.dtype === "index" ? "int32" : held.dtype; // an index fits in 31 bits
  const cell = buffer(held.name, { dtype, shape: [held.lanes] }, held.span);
  const place = [held.lanes === 1 ? int(0) : build.ramp(int(0), int(1), held.lanes)];
  const read = build.cast(build.load(cell, place), held.dtype);
  const write = (stored: Expr): Stmt => build.store(cell, place, build.cast(stored, dtype));
  const renamed = rewrite(body, {
    Var: (node) => (node === held ? read : undefined),
    Assign: (node) => (node.variable === held ? write(node.value) : undefined),
  });
  return hostAllocation(build.allocate(cell, sequence([write(value), renamed])) as Allocate, blocks);
}
