import { type Buffer, type Expr, isConst, operandsOf, type PrimFunc, type Stmt, type Var } from "@tilewright/ir";

/** A cache to simulate: in each set the line that was used longest ago leaves first. Without `ways` there is one set. */
export interface SimulatedCache {
  readonly bytes: number;
  readonly lineBytes: number;
  readonly ways?: number;
}

export interface Moved {
  /** Bytes of lines that a load had to bring in. */
  readonly read: number;
  /** Bytes of written lines that left, those that are left at the end included. */
  readonly written: number;
}

/** Runs the loops of a function and gives each access to each cache. Lines are told apart by buffer; stores bring nothing in. */
export function simulate(func: PrimFunc, caches: readonly SimulatedCache[]): readonly Moved[] {
  const simulated = caches.map((cache) => new LeastRecentlyUsed(cache));
  const bases = new Map<Buffer, number>();
  let end = 0;
  run(func, {
    access(buffer, element, isWrite) {
      let base = bases.get(buffer);
      if (base === undefined) {
        base = end;
        bases.set(buffer, base);
        end += Math.ceil((sizeOf(buffer) * 4) / 4096) * 4096;
      }
      for (const cache of simulated) cache.access(base + element * 4, isWrite);
    },
  });
  return simulated.map((cache) => cache.finish());
}

class LeastRecentlyUsed {
  readonly #sets: readonly Map<number, boolean>[];
  readonly #most: number;
  readonly #lineBytes: number;
  #read = 0;
  #written = 0;

  constructor({ bytes, lineBytes, ways = bytes / lineBytes }: SimulatedCache) {
    this.#most = ways;
    this.#sets = Array.from({ length: bytes / lineBytes / ways }, () => new Map<number, boolean>());
    this.#lineBytes = lineBytes;
  }

  access(address: number, isWrite: boolean): void {
    const line = Math.floor(address / this.#lineBytes);
    const lines = this.#sets[line % this.#sets.length] as Map<number, boolean>;
    const dirty = lines.get(line);
    if (dirty === undefined && !isWrite) this.#read++;
    lines.delete(line);
    lines.set(line, (dirty ?? false) || isWrite);
    if (lines.size <= this.#most) return;
    const [oldest, wasDirty] = lines.entries().next().value as [number, boolean];
    lines.delete(oldest);
    if (wasDirty) this.#written++;
  }

  finish(): Moved {
    for (const lines of this.#sets) for (const dirty of lines.values()) if (dirty) this.#written++;
    return { read: this.#read * this.#lineBytes, written: this.#written * this.#lineBytes };
  }
}

const sizeOf = (buffer: Buffer): number =>
  buffer.shape.reduce((product, extent) => product * (isConst(extent) ? Number(extent.value) : 1), 1);

type Environment = Map<Var, number>;
interface Watcher {
  access(buffer: Buffer, element: number, isWrite: boolean): void;
  /** Before and after each iteration. */
  enter?(loop: Var): void;
  leave?(loop: Var): void;
}

/** By loop, the most distinct elements that one of its iterations touches. */
export function distinctElements(func: PrimFunc): ReadonlyMap<Var, number> {
  const most = new Map<Var, number>();
  const open: Set<number>[] = [];
  const numbers = new Map<Buffer, number>();
  run(func, {
    access(buffer, element) {
      if (!numbers.has(buffer)) numbers.set(buffer, numbers.size);
      for (const seen of open) seen.add((numbers.get(buffer) ?? 0) * 2 ** 24 + element);
    },
    enter: () => void open.push(new Set()),
    leave(loop) {
      const { size } = open.pop() as Set<number>;
      most.set(loop, Math.max(size, most.get(loop) ?? 0));
    },
  });
  return most;
}

/** Every load and store of a function of four-byte elements, in order. Conditions and indices may use loops alone. */
function run(func: PrimFunc, watcher: Watcher): void {
  const environment: Environment = new Map();
  execute(func.body, environment, watcher);
}

function execute(stmt: Stmt, environment: Environment, watcher: Watcher): void {
  switch (stmt.kind) {
    case "For": {
      const [min, extent] = [evaluate(stmt.min, environment), evaluate(stmt.extent, environment)];
      for (let step = 0; step < extent; step++) {
        environment.set(stmt.loopVar, min + step);
        watcher.enter?.(stmt.loopVar);
        execute(stmt.body, environment, watcher);
        watcher.leave?.(stmt.loopVar);
      }
      return;
    }
    case "Seq":
      for (const each of stmt.stmts) execute(each, environment, watcher);
      return;
    case "If":
      if (evaluate(stmt.condition, environment) !== 0) execute(stmt.then, environment, watcher);
      else if (stmt.otherwise !== null) execute(stmt.otherwise, environment, watcher);
      return;
    case "Allocate":
      execute(stmt.body, environment, watcher);
      return;
    case "Let":
      loads(stmt.value, environment, watcher);
      execute(stmt.body, environment, watcher);
      return;
    case "Store":
      loads(stmt.value, environment, watcher);
      watcher.access(stmt.buffer, elementOf(stmt.buffer, stmt.indices, environment), true);
      return;
    default:
      throw new Error(`no simulation of ${stmt.kind}`);
  }
}

function loads(expr: Expr, environment: Environment, watcher: Watcher): void {
  if (expr.kind === "IfThenElse") {
    loads(evaluate(expr.condition, environment) !== 0 ? expr.whenTrue : expr.whenFalse, environment, watcher);
    return;
  }
  for (const operand of operandsOf(expr)) loads(operand, environment, watcher);
  if (expr.kind === "Load") watcher.access(expr.buffer, elementOf(expr.buffer, expr.indices, environment), false);
}

function elementOf(buffer: Buffer, indices: readonly Expr[], environment: Environment): number {
  return indices.reduce((sum, index, dimension) => {
    const extent = buffer.shape[dimension] as Expr;
    return sum * evaluate(extent, environment) + evaluate(index, environment);
  }, 0);
}

function evaluate(expr: Expr, environment: Environment): number {
  if (expr.kind === "Const") return Number(expr.value);
  if (expr.kind === "Var") return environment.get(expr) as number;
  const [a = 0, b = 0] = operandsOf(expr).map((operand) => evaluate(operand, environment));
  if (expr.kind === "Unary" && expr.op === "not") return Number(a === 0);
  if (expr.kind !== "Binary") throw new Error(`no value of ${expr.kind}`);
  switch (expr.op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "floordiv":
      return Math.floor(a / b);
    case "floormod":
      return a - Math.floor(a / b) * b;
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
    case "lt":
      return Number(a < b);
    case "le":
      return Number(a <= b);
    case "gt":
      return Number(a > b);
    case "ge":
      return Number(a >= b);
    case "and":
      return Number(a !== 0 && b !== 0);
    case "or":
      return Number(a !== 0 || b !== 0);
    default:
      throw new Error(`no value of ${expr.op}`);
  }
}
