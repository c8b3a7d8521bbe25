import type { Diagnostic } from "@tilewright/diagnostics";
import { typeName } from "../build.js";
import { aliasOfNoParameter, badParallelParameters, duplicateName, unknownWord } from "../errors.js";
import type { IRModule, PrimFunc } from "../func.js";
import { LEVELS, type Level } from "../level.js";
import { GRAMMARS } from "./grammar.js";
import { createReport, type Report } from "./report.js";
import { bind, type StatementPlace, verifyBuffer } from "./verify-scope.js";
import { verifyStmt } from "./verify-stmt.js";

/**
 * What is wrong with loop IR at a level; nothing when it is well-formed. Checks types, scopes, kinds of loops and nodes, indices and calls
 * (calls of other functions only when a module is given). At most 100 diagnostics, in the order of the text. Linear; never overflows.
 */
export function verify(subject: PrimFunc | IRModule, level: Level): Diagnostic[] {
  const report = createReport();
  report.owner = subject.kind === "PrimFunc" ? `@${subject.name}` : "the module";
  if (!LEVELS.includes(level)) report.add(unknownWord("level", LEVELS.join(", "), String(level), subject.span));
  else if (subject.kind === "PrimFunc") verifyFunction(subject, level, null, report);
  else verifyModule(subject, level, report);
  return report.diagnostics;
}

function verifyModule(module: IRModule, level: Level, report: Report) {
  const names = new Set<string>();
  for (const func of module.functions) {
    if (names.has(func.name)) report.add(duplicateName("functions", func.name, func.span));
    names.add(func.name);
    verifyFunction(func, level, module, report);
    report.owner = "the module";
  }
}

function verifyFunction(func: PrimFunc, level: Level, module: IRModule | null, report: Report) {
  report.owner = `@${func.name}`;
  report.place = null;
  const place: StatementPlace = {
    report,
    grammar: GRAMMARS[level],
    level,
    scope: new Set(),
    bound: new Set(),
    registers: new Set(),
    threads: new Set(),
    module,
  };
  if (!["kernel", "host", "parallel"].includes(func.role)) {
    report.add(unknownWord("role of a function", "kernel, host, parallel", String(func.role), func.span));
  }
  for (const parameter of func.parameters) bind(parameter, parameter.kind === "Var" ? "variable" : "buffer", place);
  for (const parameter of func.parameters) if (parameter.kind === "Buffer") verifyBuffer(parameter, place);
  for (const name of func.mayAlias.flat().filter((buffer) => !func.parameters.includes(buffer))) {
    report.add(aliasOfNoParameter(name.name, func.span));
  }
  if (func.role === "parallel") verifyRange(func, report);
  verifyStmt(func.body, place);
}

function verifyRange(func: PrimFunc, report: Report) {
  const first = func.parameters.slice(0, 2);
  if (first.length === 2 && first.every((p) => p.kind === "Var" && p.dtype === "index" && p.lanes === 1)) return;
  const actual = first.map((p) => `${p.name}: ${p.kind === "Var" ? typeName(p) : "a buffer"}`).join(", ");
  report.add(badParallelParameters(func.name, actual === "" ? "no parameters" : actual, func.span));
}
