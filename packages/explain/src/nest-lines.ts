import { print } from "@tilewright/ir/text";
import type { StageNest } from "./analyse.js";
import type { NestLine } from "./explanation.js";
import type { Memory } from "./memory.js";
import { type Loop, type Part, type Statement, statementsOf } from "./nest.js";

/** The loops around a stage's statements, its guards, what is done, and where other stages are computed within its own loops. */
export function nestLines(root: Part, stage: StageNest, memory: Memory): readonly NestLine[] {
  const lines: NestLine[] = [];
  const outside = new Set(stage.main.loops.slice(0, stage.main.loops.length - stage.own.length));
  const plain = (depth: number, kind: NestLine["kind"], text: string): void => {
    const last = lines.at(-1);
    if (kind === "stage" && last?.depth === depth && last.text === text) return;
    lines.push({ depth, kind, text, loop: null, workingSet: null });
  };
  const draw = (part: Part, depth: number, loops: number, inOwn: boolean): void => {
    const here = statementsOf(part).filter((statement) => statement.stage === stage.name);
    if (here.length === 0) {
      if (inOwn) for (const name of otherStages(part, stage.name)) plain(depth, "stage", `${name} is computed here`);
      return;
    }
    switch (part.kind) {
      case "statement":
        if (part.stored !== null) plain(depth, "statement", describe(part, stage));
        return;
      case "sequence":
        for (const each of part.parts) draw(each, depth, loops, inOwn);
        return;
      case "branch":
        plain(depth, "guard", `${part.role === "guard" ? "guard" : "if"} ${print(part.condition)}`);
        draw(part.body, depth + 1, loops, inOwn);
        return;
      case "loop": {
        const isOwn = inOwn || !outside.has(part);
        lines.push(loopLine(part, depth, loops, isOwn, memory));
        draw(part.body, depth + 1, loops + 1, isOwn);
      }
    }
  };
  draw(root, 0, 0, false);
  return lines;
}

function loopLine(loop: Loop, depth: number, loops: number, isOwn: boolean, memory: Memory): NestLine {
  const { name, extent, loopKind } = loop;
  const text = `${name} in 0..${extent}`;
  return {
    depth,
    kind: "loop",
    text,
    loop: { name, extent, loopKind, isOwn },
    workingSet: memory.iteration(loop, loops),
  };
}

const otherStages = (part: Part, name: string): readonly string[] => [
  ...new Set(
    statementsOf(part)
      .filter(({ stored, stage }) => stored !== null && stage !== name)
      .map(({ stage }) => stage),
  ),
];

/** Stores of a fold that read nothing are its beginning. */
function describe(statement: Statement, { statements, stage }: StageNest): string {
  const target = statement.stored?.name ?? "";
  if (statement.intrinsic !== null) return `${statement.intrinsic} on ${target}`;
  const reads = (each: Statement): boolean =>
    each.accesses.some(({ buffer, isWrite }) => !isWrite && buffer === statement.stored);
  if (reads(statement)) return `update ${target}`;
  const folds = (stage?.reduceAxes.length ?? 0) > 0 || statements.some(reads);
  return folds &&
    statement.accesses.every(({ isWrite }) => isWrite) &&
    statement.executions < Math.max(...statements.map(({ executions }) => executions))
    ? `initialise ${target}`
    : `compute ${target}`;
}
