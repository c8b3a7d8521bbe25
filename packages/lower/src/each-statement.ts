import type { Stmt } from "@tilewright/ir";

type StmtKind = Stmt["kind"];
/** What to do at statements of a kind; `false` skips the statements inside. */
export type StatementVisitors = {
  readonly [K in StmtKind]?: (stmt: Extract<Stmt, { readonly kind: K }>) => boolean | void;
};

/** Visits statements alone, parents first, in order: several times faster than visiting every expression. */
export function eachStatement(root: Stmt, visitors: StatementVisitors): void {
  const byKind = visitors as { readonly [kind: string]: ((stmt: Stmt) => boolean | void) | undefined };
  const stack: Stmt[] = [root];
  for (let stmt = stack.pop(); stmt !== undefined; stmt = stack.pop()) {
    if (byKind[stmt.kind]?.(stmt) === false) continue;
    switch (stmt.kind) {
      case "Seq":
        for (let at = stmt.stmts.length - 1; at >= 0; at--) stack.push(stmt.stmts[at] as Stmt);
        break;
      case "If":
        if (stmt.otherwise !== null) stack.push(stmt.otherwise);
        stack.push(stmt.then);
        break;
      case "For":
      case "While":
      case "Let":
      case "Register":
      case "Allocate":
      case "Async":
        stack.push(stmt.body);
        break;
      default:
        break;
    }
  }
}
