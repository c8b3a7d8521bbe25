import { type Expr, operandsOf } from "@tilewright/ir";

/** Whether `test` holds for any node of `expr`. */
export function someExpr(expr: Expr, test: (node: Expr) => boolean): boolean {
  if (expr.kind === "Const" || expr.kind === "Var") return test(expr);
  const stack: Expr[] = [expr];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (test(node)) return true;
    const operands = operandsOf(node);
    for (let place = 0; place < operands.length; place++) stack.push(operands[place] as Expr);
  }
  return false;
}

/**
 * Calls `visit` once for each distinct node below `root`, operands first, without recursion. Nodes in `done` are skipped and
 * visited ones added.
 */
export function postorder<T>(root: Expr, done: Map<Expr, T>, visit: (expr: Expr) => T): T {
  const stack: Expr[] = [root];
  while (stack.length > 0) {
    const expr = stack[stack.length - 1] as Expr;
    if (done.has(expr)) {
      stack.pop();
      continue;
    }
    const operands = operandsOf(expr);
    let ready = true;
    for (let place = 0; place < operands.length; place++) {
      const operand = operands[place] as Expr;
      if (done.has(operand)) continue;
      if (operand.kind === "Var" || operand.kind === "Const") done.set(operand, visit(operand));
      else {
        stack.push(operand);
        ready = false;
      }
    }
    if (!ready) continue;
    stack.pop();
    done.set(expr, visit(expr));
  }
  return done.get(root) as T;
}
