import {
  type Allocate,
  type Expr,
  type For,
  type If,
  isConst,
  type Register,
  type Stmt,
  type Store,
  type Var,
  visit,
  type While,
} from "@tilewright/ir";
import { undeclaredHere } from "./errors.js";
import { Expressions, type Scope } from "./expressions.js";
import { atomicFunction, elementAt, isVectorAccess, vectorAt } from "./memory.js";
import { atom, cast, infix } from "./text.js";
import { laneOfVariable, memoryType, valueType } from "./types.js";

/** Innermost loops of at most so many iterations are unrolled by the compiler: indices of local arrays become constants. */
const UNROLLED = 16;

/** What differs between the host and the device. */
export interface Site {
  /** Adds the lines that declare memory; throws where there may be none. */
  allocate(stmt: Allocate, scope: Scope): void;
  call(stmt: Extract<Stmt, { readonly kind: "KernelCall" }>, scope: Scope): void;
  /** The line that ends the run with a message unless a condition holds. */
  assertion(condition: string, message: string): readonly string[];
  /** Throws where memory may not be touched. */
  touch(stmt: Stmt): void;
}

/** Statements as lines of C++. */
export class Statements {
  readonly #scope: Scope;
  readonly #site: Site;

  constructor(scope: Scope, site: Site) {
    this.#scope = scope;
    this.#site = site;
  }

  /** Lets and registers hold for what comes after them: they open no block of their own. */
  write(root: Stmt): void {
    const stack: Stmt[] = [root];
    for (let stmt = stack.pop(); stmt !== undefined; stmt = stack.pop()) {
      if (stmt.kind === "Seq") stack.push(...[...stmt.stmts].reverse());
      else {
        this.#one(stmt);
        if (stmt.kind === "Let" || stmt.kind === "Register" || stmt.kind === "Allocate") stack.push(stmt.body);
      }
    }
  }

  #one(stmt: Stmt): void {
    const { lines, buffers } = this.#scope;
    this.#site.touch(stmt);
    switch (stmt.kind) {
      case "For":
        return void this.#loop(stmt);
      case "While":
        return void this.#while(stmt);
      case "If":
        return void this.#branch(stmt);
      case "Let":
        this.#scope.facts.bind(stmt.variable, stmt.value);
        return void this.#declare("const ", stmt.variable, stmt.value);
      case "Register":
        return void this.#register(stmt);
      case "Assign":
        return void lines.add(`${this.#name(stmt.variable)} = ${this.#expressions(stmt.value).whole(stmt.value)};`);
      case "Store":
        return void this.#store(stmt);
      case "Atomic": {
        const [index = stmt.value] = stmt.indices;
        const expressions = this.#expressions(index, stmt.value);
        const element = elementAt(buffers, stmt.buffer, expressions.text(index));
        const value = expressions.text(stmt.value);
        const held = stmt.buffer.dtype === "bool" ? cast(memoryType("bool"), value) : value;
        return void lines.add(`${atomicFunction(stmt)}(&${element.text}, ${held.text});`);
      }
      case "Barrier":
        return void lines.add("__syncthreads();");
      case "Allocate":
        return void this.#site.allocate(stmt, this.#scope);
      case "KernelCall":
        return void this.#site.call(stmt, this.#scope);
      case "Assert": {
        const condition = this.#expressions(stmt.condition).scalar(stmt.condition);
        for (const line of this.#site.assertion(condition, stmt.message)) lines.add(line);
        return;
      }
      default:
        throw undeclaredHere(`\`${stmt.kind}\``, stmt.span);
    }
  }

  #expressions(...roots: readonly Expr[]): Expressions {
    return new Expressions(this.#scope, ...roots);
  }

  #name(variable: Var): string {
    const name = this.#scope.variables.get(variable);
    if (name === undefined) throw undeclaredHere(`the variable \`${variable.name}\``, variable.span);
    return name;
  }

  #bind(variable: Var): string {
    const name = this.#scope.names.take(variable.name);
    this.#scope.variables.set(variable, name);
    return name;
  }

  #declare(qualifier: string, variable: Var, value: Expr): void {
    const text = this.#expressions(value).whole(value);
    this.#scope.lines.add(
      `${qualifier}${valueType(variable.dtype, variable.lanes)} ${this.#bind(variable)} = ${text};`,
    );
  }

  #register({ variable, initial, body }: Register): void {
    const assigned: Expr[] = [];
    if (variable.dtype === "index")
      visit(body, { Assign: (stmt) => void (stmt.variable === variable && assigned.push(stmt.value)) });
    this.#scope.facts.bindRegister(variable, initial, assigned);
    this.#declare("", variable, initial);
  }

  #loop(loop: For): void {
    const { lines, facts, names } = this.#scope;
    const expressions = this.#expressions(loop.min, loop.extent);
    const first = expressions.text(loop.min);
    let extent = expressions.text(loop.extent);
    if (!isConst(loop.extent) && !/^\w+$/.test(extent.text)) {
      const count = names.take("count"); // once, before the loop
      lines.add(`const int ${count} = ${extent.text};`);
      extent = atom(count);
    }
    const sum = [loop.min, loop.extent].reduce(
      (total, part) => total + (isConst(part) ? Number(part.value) : Number.NaN),
      0,
    );
    const end = Number.isNaN(sum) ? (isConst(loop.min, 0) ? extent : infix("+", first, extent)) : atom(`${sum}`);
    facts.bindLoop(loop.loopVar, loop.min);
    const i = this.#bind(loop.loopVar);
    if (isConst(loop.extent) && Number(loop.extent.value) <= UNROLLED && isInnermost(loop)) lines.add("#pragma unroll");
    lines.block(`for (int ${i} = ${first.text}; ${i} < ${end.text}; ++${i}) {`, () => this.write(loop.body));
  }

  #while({ condition, body }: While): void {
    const { lines } = this.#scope;
    lines.block("for (;;) {", () => {
      const text = this.#expressions(condition).scalar(condition);
      lines.add(`if (!(${text})) break;`);
      this.write(body);
    });
  }

  #branch({ condition, then, otherwise }: If): void {
    const { lines } = this.#scope;
    const head = `if (${this.#expressions(condition).scalar(condition)}) {`;
    if (otherwise === null) return void lines.block(head, () => this.write(then));
    lines.block(head, () => this.write(then), "} else {");
    lines.append(lines.aside(() => this.write(otherwise)));
    lines.add("}");
  }

  #store(stmt: Store): void {
    const { lines, buffers, facts, names } = this.#scope;
    const [index = stmt.value] = stmt.indices;
    const base = index.kind === "Ramp" ? index.base : index;
    const conditions = stmt.predicate === null ? [] : [stmt.predicate];
    const expressions = this.#expressions(base, stmt.value, ...conditions);
    const type = memoryType(stmt.buffer.dtype, index.lanes);
    if (index.lanes > 1 && stmt.predicate === null && isVectorAccess(stmt.buffer, index, buffers, facts)) {
      const whole =
        stmt.buffer.dtype === "bool"
          ? `${type}{${expressions
              .value(stmt.value)
              .map(({ text }) => text)
              .join(", ")}}`
          : expressions.whole(stmt.value);
      return void lines.add(`*${vectorAt(type, buffers, stmt.buffer, expressions.text(base))} = ${whole};`);
    }
    const values = expressions.value(stmt.value).map(({ text }) => text);
    const masks = stmt.predicate === null ? null : expressions.value(stmt.predicate);
    let held = values;
    if (index.lanes > 1 && /\[/.test(values.join(""))) {
      // All lanes are computed before any is stored.
      const name = names.take("value");
      const vector = valueType(stmt.value.dtype, stmt.value.lanes);
      lines.add(`const ${vector} ${name} = ${vector}{${values.join(", ")}};`);
      held = values.map((_, lane) => laneOfVariable(name, vector, lane));
    }
    const first = expressions.text(base);
    held.forEach((value, lane) => {
      const at =
        index.kind === "Ramp"
          ? lane === 0
            ? first
            : infix("+", first, atom(`${lane}`))
          : (expressions.value(index)[lane] ?? first);
      const line = `${elementAt(buffers, stmt.buffer, at).text} = ${value};`;
      lines.add(masks === null ? line : `if (${masks[lane]?.text}) ${line}`);
    });
  }
}

function isInnermost({ body }: For): boolean {
  let found = false;
  const note = (): void => {
    found = true;
  };
  visit(body, { For: note, While: note, Barrier: note });
  return !found;
}
