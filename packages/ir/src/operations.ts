import { childrenOf } from "./children.js";
import type { Node } from "./fields.js";
import type { Combiner, Operation, Tensor } from "./tensor.js";

/** What a set of tensors is made of, each after what it depends on. */
export interface TensorProgram {
  readonly operations: readonly Operation[];
  readonly combiners: readonly Combiner[];
  /** The tensors of an operation that are reached, by output index. */
  readonly tensors: ReadonlyMap<Operation, readonly Tensor[]>;
}

/** Operations, combiners and tensors that `outputs` reach, in order of dependence. Linear in distinct nodes; iterative. */
export function operationsOf(outputs: readonly Tensor[]): TensorProgram {
  const operations: Operation[] = [];
  const combiners = new Set<Combiner>();
  const tensors = new Map<Operation, Tensor[]>();
  const seen = new Set<Node>();
  const done = new Set<Operation>();
  const stack: (Tensor | { readonly finish: Operation })[] = [...outputs].reverse();
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if ("finish" in item) {
      operations.push(item.finish);
      continue;
    }
    if (seen.has(item)) continue;
    seen.add(item);
    const { operation } = item;
    const known = tensors.get(operation);
    if (known === undefined) tensors.set(operation, [item]);
    else known.push(item);
    if (done.has(operation)) continue;
    done.add(operation);
    stack.push({ finish: operation });
    const reads = readsOf(operation, combiners);
    for (let position = reads.length - 1; position >= 0; position--) stack.push(reads[position] as Tensor);
  }
  for (const list of tensors.values()) list.sort((a, b) => a.outputIndex - b.outputIndex);
  return { operations, combiners: [...combiners], tensors };
}

/** The tensors that an operation depends on, in order of first mention; combiners met are added to `combiners`. */
export function readsOf(operation: Operation, combiners: Set<Combiner> = new Set()): Tensor[] {
  if (operation.kind === "Placeholder") return [];
  if (operation.kind === "Extern") return [...operation.inputs];
  if (operation.kind === "Scan") return [...operation.states, ...operation.initial, ...operation.update];
  const reads = new Set<Tensor>();
  const seen = new Set<Node>();
  const stack: Node[] = [...operation.bodies, ...operation.axes].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Read") reads.add(node.tensor);
    const children = childrenOf(node);
    if (node.kind === "Reduce") {
      combiners.add(node.combiner);
      children.push(...node.axes);
    }
    for (let position = children.length - 1; position >= 0; position--) stack.push(children[position] as Node);
  }
  return [...reads];
}
