import type { Buffer } from "./buffer.js";
import { childrenOf } from "./children.js";
import type { Var } from "./expr.js";
import { FIELDS, type Node } from "./fields.js";
import type { Tensor } from "./tensor.js";

type Roles = { readonly [field: string]: string };

/** Everything that nodes under `roots` mention and define, each distinct node once. */
function survey(roots: readonly Node[]): { readonly used: ReadonlySet<Node>; readonly bound: ReadonlySet<Node> } {
  const used = new Set<Node>();
  const bound = new Set<Node>();
  const seen = new Set<Node>();
  const stack: Node[] = [...roots].reverse();
  const each = (value: unknown, action: (node: Node) => void): void => {
    if (Array.isArray(value)) for (const item of value) each(item, action);
    else if (typeof value === "object" && value !== null && "kind" in value) action(value as Node);
  };
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Var") used.add(node);
    const next: Node[] = childrenOf(node);
    const roles = FIELDS[node.kind] as Roles;
    for (const field in roles) {
      const value = (node as unknown as { readonly [field: string]: unknown })[field];
      if (roles[field] === "bind") {
        each(value, (child) => {
          bound.add(child);
          next.push(child);
        });
      } else if (roles[field] === "refer") {
        each(value, (child) => {
          used.add(child);
          next.push(child);
        });
      }
    }
    if (node.kind === "KernelCall" && node.launch !== null) next.push(...node.launch.grid, ...node.launch.block);
    for (let position = next.length - 1; position >= 0; position--) stack.push(next[position] as Node);
  }
  return { used, bound };
}

/** Variables that are used under `root` and bound nowhere in it, in order of first use. Each Var is bound once, so order tells nothing. */
export function freeVariables(root: Node | readonly Tensor[]): Var[] {
  const { used, bound } = survey(Array.isArray(root) ? root : [root as Node]);
  return [...used].filter((node): node is Var => node.kind === "Var" && !bound.has(node));
}

/** Buffers that are accessed under `root` and declared nowhere in it, in order of first use. */
export function freeBuffers(root: Node): Buffer[] {
  const { used, bound } = survey([root]);
  return [...used].filter((node): node is Buffer => node.kind === "Buffer" && !bound.has(node));
}
