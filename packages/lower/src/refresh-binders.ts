// A copy of a statement with new variables and buffers where the original binds them: every binder stays unique.
import {
  type Buffer,
  type BufferRegion,
  buffer,
  type Expr,
  type Rules,
  rewrite,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";
import { eachStatement } from "./each-statement.js";
import { folded } from "./index-arithmetic.js";

/** The variables and buffers that `stmt` binds. */
export function bindersOf(stmt: Stmt): { readonly variables: readonly Var[]; readonly buffers: readonly Buffer[] } {
  const variables: Var[] = [];
  const buffers: Buffer[] = [];
  eachStatement(stmt, {
    For: (node) => void variables.push(node.loopVar),
    Let: (node) => void variables.push(node.variable),
    Register: (node) => void variables.push(node.variable),
    Allocate: (node) => void buffers.push(node.buffer),
  });
  return { variables, buffers };
}

/** Replaces variables (binders and uses), expressions for variables, and buffers. */
export function renameIn(
  stmt: Stmt,
  variables: ReadonlyMap<Var, Var>,
  buffers: ReadonlyMap<Buffer, Buffer>,
  values: ReadonlyMap<Var, Expr> = new Map(),
): Stmt {
  if (variables.size === 0 && buffers.size === 0 && values.size === 0) return stmt;
  return rewrite(stmt, renamingRules(variables, buffers, values));
}

function renamingRules(
  variables: ReadonlyMap<Var, Var>,
  buffers: ReadonlyMap<Buffer, Buffer>,
  values: ReadonlyMap<Var, Expr>,
): Rules {
  const rules: Rules = {
    Var: (node) => variables.get(node) ?? values.get(node),
    ...(values.size === 0 ? {} : { Binary: folded }), // constants among the values would else be carried through every pass
  };
  const withVariables: Rules =
    variables.size === 0
      ? {}
      : {
          For: (node) => renamed(node, "loopVar", variables.get(node.loopVar)),
          Let: (node) => renamed(node, "variable", variables.get(node.variable)),
          Register: (node) => renamed(node, "variable", variables.get(node.variable)),
          Assign: (node) => renamed(node, "variable", variables.get(node.variable)),
        };
  const withBuffers: Rules =
    buffers.size === 0
      ? {}
      : {
          Allocate: (node) => renamed(node, "buffer", buffers.get(node.buffer)),
          Load: (node) => renamed(node, "buffer", buffers.get(node.buffer)),
          Store: (node) => renamed(node, "buffer", buffers.get(node.buffer)),
          Atomic: (node) => renamed(node, "buffer", buffers.get(node.buffer)),
          BufferRegion: (node): BufferRegion | undefined => renamed(node, "buffer", buffers.get(node.buffer)),
        };
  return { ...rules, ...withVariables, ...withBuffers };
}

function renamed<N, F extends keyof N>(node: N, field: F, value: N[F] | undefined): N | undefined {
  return value === undefined ? undefined : { ...node, [field]: value };
}

export function copyOfVariable(of: Var): Var {
  return variable(of.name, of.dtype, of.lanes, of.span);
}

export function copyOfBuffer({ name, dtype, shape, strides, scope, alignment, span }: Buffer): Buffer {
  return buffer(name, { dtype, shape, strides, scope, alignment }, span);
}

/** A copy of `stmt` with new binders, and `values` in place of free variables. */
export function freshCopy(stmt: Stmt, values: ReadonlyMap<Var, Expr> = new Map()): Stmt {
  const binders = bindersOf(stmt);
  return renameIn(
    stmt,
    new Map(binders.variables.map((bound) => [bound, copyOfVariable(bound)])),
    new Map(binders.buffers.map((bound) => [bound, copyOfBuffer(bound)])),
    values,
  );
}
