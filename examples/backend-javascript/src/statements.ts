import { InternalError } from "@tilewright/diagnostics";
import type { Atomic, BufferRegion, Expr, PrimFunc, Stmt, Store } from "@tilewright/ir";
import { binary, expression } from "./expressions.js";
import { arrayOf, read } from "./types.js";

const BIT_OPERATORS = { and: "bitand", or: "bitor", xor: "bitxor" } as const;
const updated = ({ op, buffer }: Atomic, old: string, value: string): string =>
  op === "exchange" ? value : binary(BIT_OPERATORS[op as "and"] ?? op, buffer.dtype, old, value);
const block = (head: string, body: string): string => `${head} {\n${body.replace(/^(?=.)/gm, "  ")}\n}`;

/** A function as a method. It is given buffers as arrays of some type, and sees their bytes as the types that it declares. */
export function functionText({ name, parameters, body }: PrimFunc): string {
  const names = new Map<object, string>();
  const nameOf = (thing: object): string => names.get(thing) as string;
  const bind = (thing: { readonly name: string }): string => {
    names.set(thing, `${thing.name.replace(/\W/g, "_").replace(/^\d/, "_")}_${names.size}`); // the number makes it unique
    return nameOf(thing);
  };
  const text = (expr: Expr): string => expression(expr, nameOf);
  const element = ({ buffer, indices }: Store | Atomic): string => `${nameOf(buffer)}[${indices.map(text)}]`;
  const argument = (given: Expr | BufferRegion): string =>
    given.kind === "BufferRegion" ? `${nameOf(given.buffer)}.subarray(${given.mins.map(text)})` : text(given);
  const statement = (stmt: Stmt): string => {
    switch (stmt.kind) {
      case "Seq":
        return stmt.stmts.map(statement).join("\n");
      case "For": {
        const [i, min, extent] = [bind(stmt.loopVar), text(stmt.min), text(stmt.extent)];
        return block(`for (let ${i} = ${min}, ${i}_ = ${i} + ${extent}; ${i} < ${i}_; ${i}++)`, statement(stmt.body));
      }
      case "While":
        return block(`while (${text(stmt.condition)})`, statement(stmt.body));
      case "If": {
        const then = block(`if (${text(stmt.condition)})`, statement(stmt.then));
        return stmt.otherwise === null ? then : block(`${then} else`, statement(stmt.otherwise));
      }
      case "Let":
      case "Register":
        return `let ${bind(stmt.variable)} = ${text("value" in stmt ? stmt.value : stmt.initial)};\n${statement(stmt.body)}`;
      case "Assign":
        return `${nameOf(stmt.variable)} = ${text(stmt.value)};`;
      case "Allocate": {
        const array = `new ${arrayOf(stmt.buffer.dtype)}(${stmt.buffer.shape.map(text).join(" * ") || 1})`;
        return `const ${bind(stmt.buffer)} = ${array};\n${statement(stmt.body)}`;
      }
      case "Store": {
        const store = `${element(stmt)} = ${text(stmt.value)};`;
        return stmt.predicate === null ? store : `if (${text(stmt.predicate)}) ${store}`;
      }
      case "Atomic":
        return `${element(stmt)} = ${updated(stmt, element(stmt), text(stmt.value))};`;
      case "Assert":
        return `if (!${text(stmt.condition)}) throw new Error(${JSON.stringify(stmt.message)});`;
      case "KernelCall":
        return `functions[${JSON.stringify(stmt.callee)}](${stmt.args.map(argument).join(", ")});`;
      default:
        throw new InternalError(`no form in JavaScript for ${stmt.kind}`);
    }
  };
  const given = parameters.map(bind).join(", ");
  const views = parameters.map((each) => {
    const value = nameOf(each);
    return `${value} = ${each.kind === "Buffer" ? `view(${arrayOf(each.dtype)}, ${value})` : read(each.dtype, value)};\n`;
  });
  return block(`${JSON.stringify(name)}(${given})`, views.join("") + statement(body));
}
