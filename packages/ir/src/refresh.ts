import type { Buffer, BufferRegion } from "./buffer.js";
import type { Expr, Var } from "./expr.js";
import type { NodeKind } from "./fields.js";
import { type Rules, rewrite, substitute } from "./rewrite.js";
import type { Stmt } from "./stmt.js";

/** A copy whose own variables and buffers are new objects, and what became of the old ones. */
export interface Refreshed {
  readonly stmt: Stmt;
  readonly variables: ReadonlyMap<Var, Var>;
  readonly buffers: ReadonlyMap<Buffer, Buffer>;
}

/**
 * New identities for every variable and buffer that `stmt` binds; what is bound outside stays. Needed whenever a body is put into a program twice.
 * A statement that binds nothing is returned as it is.
 */
export function refreshBinders(stmt: Stmt): Stmt {
  return refreshWithMaps(stmt).stmt;
}

/** As `refreshBinders`, for passes that keep tables by variable or buffer. */
export function refreshWithMaps(stmt: Stmt): Refreshed {
  const variables = new Map<Var, Var>();
  const buffers = new Map<Buffer, Buffer>();
  const renewVariable = (old: Var): void => {
    variables.set(old, { ...old });
  };
  const variable = (old: Var): Var => variables.get(old) ?? old;
  const buffer = (old: Buffer): Buffer => buffers.get(old) ?? old;
  const inside = (exprs: readonly Expr[]): readonly Expr[] => exprs.map((expr) => substitute(expr, variables));
  const access = <N extends { readonly buffer: Buffer }>(node: N): N | undefined => {
    const renewed = buffer(node.buffer);
    return renewed === node.buffer ? undefined : { ...node, buffer: renewed };
  };
  const bindsVariable = <K extends "Let" | "Register">() => ({
    enter: (node: { readonly variable: Var }): undefined => renewVariable(node.variable) as undefined,
    leave: <N extends { readonly kind: K; readonly variable: Var }>(node: N): N => ({
      ...node,
      variable: variable(node.variable),
    }),
  });
  const rules: Rules & { readonly [K in NodeKind]?: unknown } = {
    Var: (node) => variables.get(node),
    For: {
      enter: (node) => renewVariable(node.loopVar) as undefined,
      leave: (node) => ({ ...node, loopVar: variable(node.loopVar) }),
    },
    Let: bindsVariable<"Let">(),
    Register: bindsVariable<"Register">(),
    Assign: (node) => (variables.has(node.variable) ? { ...node, variable: variable(node.variable) } : undefined),
    Allocate: {
      enter: ({ buffer: old }) => {
        const strides = old.strides === null ? null : inside(old.strides);
        buffers.set(old, { ...old, shape: inside(old.shape), strides });
        return undefined;
      },
      leave: (node) => ({ ...node, buffer: buffer(node.buffer) }),
    },
    Load: access,
    Store: access,
    Atomic: access,
    BufferRegion: (node: BufferRegion) => access(node),
    KernelCall: (node) =>
      node.launch === null
        ? undefined
        : { ...node, launch: { grid: inside(node.launch.grid), block: inside(node.launch.block) } },
  };
  return { stmt: rewrite(stmt, rules), variables, buffers };
}
