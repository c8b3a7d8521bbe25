import { InternalError } from "@tilewright/diagnostics";
import type { Binary, BufferRegion, DType, Expr, PrimFunc, Stmt } from "@tilewright/ir";

/** The text of one function. */
export function functionText({ name, parameters, body }: PrimFunc): string {
  const names = new Map<object, string>();
  const nameOf = (thing: object): string => names.get(thing) as string;
  const bind = (thing: { readonly name: string }): string => {
    names.set(thing, `${thing.name.replace(/\W/g, "_")}_${names.size}`); // the number makes it unique
    return nameOf(thing);
  };
  const text = (expr: Expr): string => expression(expr, nameOf);
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
        return `const ${bind(stmt.variable)} = ${text(stmt.value)};\n${statement(stmt.body)}`;
      case "Register":
        return `let ${bind(stmt.variable)} = ${text(stmt.initial)};\n${statement(stmt.body)}`;
      case "Assign":
        return `${nameOf(stmt.variable)} = ${text(stmt.value)};`;
      case "Allocate": {
        const array = `new ${ARRAYS[stmt.buffer.dtype]}(${stmt.buffer.shape.map(text).join(" * ") || 1})`;
        return `const ${bind(stmt.buffer)} = ${array};\n${statement(stmt.body)}`;
      }
      case "Store": {
        const store = `${nameOf(stmt.buffer)}[${stmt.indices.map(text)}] = ${text(stmt.value)};`;
        return stmt.predicate === null ? store : `if (${text(stmt.predicate)}) ${store}`;
      }
      case "KernelCall":
        return `functions[${JSON.stringify(stmt.callee)}](${stmt.args.map(argument).join(", ")});`;
      default:
        throw new InternalError(`no code for ${stmt.kind}`);
    }
  };
  const given = parameters.map(bind).join(", ");
  const views = parameters.map((each) => {
    const x = nameOf(each); // given as bytes, seen as what the parameter says
    const elements = `new ${ARRAYS[each.dtype]}(${x}.buffer, ${x}.byteOffset, ${x}.byteLength >> 2)`;
    return each.kind === "Buffer" ? `${x} = ${elements};\n` : "";
  });
  return block(`${JSON.stringify(name)}(${given})`, views.join("") + statement(body));
}

/** The types that memory holds. Values are numbers, but for bool, the type of conditions. */
const ARRAYS: { readonly [D in DType]?: string } = { float32: "Float32Array", int32: "Int32Array" };

const block = (head: string, body: string): string => `${head} {\n${body.replace(/^(?=.)/gm, "  ")}\n}`;

/** Makes a result a value of its type again: what float32 cannot hold is rounded, what int32 cannot hold wraps. */
function wrapped(dtype: DType, text: string): string {
  return dtype === "float32" ? `Math.fround(${text})` : dtype === "int32" ? `(${text} | 0)` : text;
}

function expression(expr: Expr, nameOf: (thing: object) => string): string {
  const text = (inner: Expr): string => expression(inner, nameOf);
  switch (expr.kind) {
    case "Const":
      return Object.is(expr.value, -0) || Number(expr.value) < 0 ? `(-${-expr.value})` : `${expr.value}`;
    case "Var":
      return nameOf(expr);
    case "Unary":
      return unary(expr.op, expr.dtype, text(expr.operand));
    case "Binary":
      return binary(expr.op, expr.dtype, text(expr.left), text(expr.right));
    case "Select":
    case "IfThenElse":
      return `(${text(expr.condition)} ? ${text(expr.whenTrue)} : ${text(expr.whenFalse)})`;
    case "Cast":
      return cast(expr.operand.dtype, expr.dtype, text(expr.operand));
    case "Reinterpret": {
      const [from, to] = [ARRAYS[expr.operand.dtype], ARRAYS[expr.dtype]];
      return `new ${to}(${from}.of(${text(expr.operand)}).buffer)[0]`;
    }
    case "Load": {
      const element = `${nameOf(expr.buffer)}[${expr.indices.map(text)}]`;
      return expr.predicate === null ? element : `(${text(expr.predicate)} ? ${element} : 0)`;
    }
    default:
      throw new InternalError(`no code for ${expr.kind}`);
  }
}

function unary(op: string, dtype: DType, x: string): string {
  const prefix = { neg: "-", not: "!", bitnot: "~" }[op];
  if (prefix !== undefined) return wrapped(dtype, `(${prefix}${x})`);
  // Halves go to the even neighbour.
  if (op === "round") return `((x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)))(${x})`;
  return wrapped(dtype, `Math.${op}(${x})`);
}

const SYMBOLS: Readonly<Record<string, string>> = {
  ...{ add: "+", sub: "-", mul: "*", div: "/", bitand: "&", bitor: "|", bitxor: "^", shl: "<<", shr: ">>" },
  ...{ and: "&&", or: "||", eq: "===", ne: "!==", lt: "<", le: "<=", gt: ">", ge: ">=" },
};
/** Operators that need each operand twice: the first stays unless the second is truly less or greater; division by zero gives 0. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  min: "b < a ? b : a",
  max: "a < b ? b : a",
  floordiv: "b === 0 ? 0 : Math.floor(a / b)",
  floormod: "b === 0 ? 0 : a - b * Math.floor(a / b)",
  truncdiv: "b === 0 ? 0 : Math.trunc(a / b)",
  truncmod: "b === 0 ? 0 : a % b",
};

function binary(op: Binary["op"], dtype: DType, a: string, b: string): string {
  if (op === "mul" && dtype === "int32") return `Math.imul(${a}, ${b})`;
  const body = FUNCTIONS[op];
  return wrapped(dtype, body === undefined ? `(${a} ${SYMBOLS[op]} ${b})` : `((a, b) => (${body}))(${a}, ${b})`);
}

function cast(from: DType, to: DType, x: string): string {
  if (to === "bool") return `(${x} != 0)`;
  if (from !== "float32") return wrapped(to, `(${x} + 0)`); // true becomes 1, and an index that is -0 becomes 0
  if (to === "index") return `(Math.trunc(${x}) || 0)`;
  return to === "int32" ? `(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, ${x})) | 0)` : x;
}
