import { type Artifact, type ModelEntry, manifestVersion } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import { wasm, type WasmOptions } from "@tilewright/codegen-wasm";
import { type Buffer, buffer, build as b, type Expr, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";

export function func(
  name: string,
  parameters: PrimFunc["parameters"],
  body: Stmt,
  role: PrimFunc["role"] = "kernel",
): PrimFunc {
  return { kind: "PrimFunc", span: b.span, name, role, parameters, mayAlias: [], body, attributes: {} };
}

export function compile(functions: readonly PrimFunc[], options: WasmOptions = {}): CompiledModule {
  return wasm(options).compile({ kind: "IRModule", span: b.span, functions, attributes: {} });
}

export function artifactOf(
  modules: readonly CompiledModule[],
  more: { readonly model?: ModelEntry; readonly blobs?: Readonly<Record<string, Uint8Array>> } = {},
): Artifact {
  const blobs = new Map(modules.map((module, position) => [`module${position}`, module.bytes]));
  for (const [name, bytes] of Object.entries(more.blobs ?? {})) blobs.set(name, bytes);
  const entries = modules.map(({ format, features, functions }, position) => ({
    format,
    blob: `module${position}`,
    features,
    functions,
  }));
  return {
    manifest: {
      format: "tilewright-artifact",
      version: manifestVersion(more.model ?? null),
      name: "test",
      modules: entries,
      model: more.model ?? null,
    },
    blobs,
  };
}

export const floats = (name: string, count: number): Buffer => buffer(name, { dtype: "float32", shape: [count] });

/** `y[i] = x[i] · a + b[0]`, `count` elements. */
export function scale(count: number): PrimFunc {
  const [x, y] = [floats("x", count), floats("y", count)];
  const a = variable("a", "float32");
  const i = variable("i");
  return func("scale", [x, a, y], b.loop(i, int(0), int(count), b.store(y, [i], b.mul(b.load(x, [i]), a))));
}

/** `y[i] = x[count − 1 − i]`: every element is read after others were written, when both are one memory. */
export function reverse(count: number): PrimFunc {
  const [x, y, i] = [floats("x", count), floats("y", count), variable("i")];
  const from = b.sub(int(count - 1), i);
  return func("reverse", [x, y], b.loop(i, int(0), int(count), b.store(y, [i], b.load(x, [from]))));
}

/** A kernel whose rows run in parallel: `out[i, j] = row(i, j)`, with the body as a function of its own. */
export function parallelRows(
  name: string,
  rows: number,
  columns: number,
  row: (x: Buffer, i: Expr, j: Expr) => Expr,
  check?: (i: Expr) => Stmt,
): readonly PrimFunc[] {
  const size = rows * columns;
  const [x, out] = [floats("x", size), floats("out", size)];
  const [innerX, innerOut] = [floats("x", size), floats("out", size)];
  const [begin, end, i, j] = [variable("begin"), variable("end"), variable("i"), variable("j")];
  const at = (r: Expr, c: Expr): Expr => b.add(b.mul(r, int(columns)), c);
  const work = b.loop(j, int(0), int(columns), b.store(innerOut, [at(i, j)], row(innerX, i, j)));
  const body = b.loop(i, begin, b.sub(end, begin), check === undefined ? work : b.seq(check(i), work));
  const region = (of: Buffer) => b.region(of, [int(0)], [int(size)]);
  const call: Stmt = {
    kind: "ParallelCall",
    span: b.span,
    callee: `${name}_body`,
    extent: int(rows),
    args: [region(x), region(out)],
  };
  return [func(name, [x, out], call), func(`${name}_body`, [begin, end, innerX, innerOut], body, "parallel")];
}
