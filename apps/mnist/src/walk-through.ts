import { c } from "@tilewright/codegen-c";
import type { IRModule } from "@tilewright/ir";
import { print as printIR } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import { bind, createSchedule, print, type Schedule, split, toPrimFunc, vectorize } from "@tilewright/schedule";
import { add, compute, placeholder, read } from "@tilewright/te";

const LENGTH = 1024;

/** The sum of two vectors, from its expression to C, then with another schedule, then for a GPU. */
export function walkThrough(say: (text: string) => void): void {
  const A = placeholder([LENGTH], { name: "A" });
  const B = placeholder([LENGTH], { name: "B" });
  const C = compute([LENGTH], (i) => add(read(A, i), read(B, i)), { name: "C" });

  const plain = createSchedule(C);
  say(heading("What is computed: an expression"));
  say(withoutHeader(printIR(C)));
  say(heading("How: the loop nest of the plain schedule"));
  say(withoutHeader(print(plain)));
  say(heading("The C that it becomes"));
  say(toC(plain));

  const fast = createSchedule(C);
  const [, lanes] = split(fast, C, "i", { factor: 8 });
  vectorize(fast, C, lanes);
  say(heading("Another schedule of the same expression: split by 8, the inner loop in vectors"));
  say(withoutHeader(print(fast)));
  say(heading("Its C; what is computed has not changed"));
  say(toC(fast));

  const gpu = createSchedule(C);
  const [grid, threads] = split(gpu, C, "i", { factor: 64 });
  bind(gpu, C, grid, "blockIdx.x");
  bind(gpu, C, threads, "threadIdx.x");
  say(heading("And bound to the blocks and threads of a GPU: the kernel in loop IR"));
  say(withoutHeader(printIR(toPrimFunc(gpu, { name: "add" }))));
}

/** The function in C, without what the file defines around it. */
function toC(schedule: Schedule): string {
  const backend = c();
  const func = toPrimFunc(schedule, { name: "add" });
  const module: IRModule = { kind: "IRModule", span: func.span, functions: [func], attributes: {} };
  const { bytes } = backend.compile(lower(module, { capabilities: backend.capabilities }).module);
  return functionsOf(new TextDecoder().decode(bytes));
}

/** The functions of a C file: from the first line that opens one, up to what follows for the linker. */
function functionsOf(source: string): string {
  const start = source.search(/^(static )?void add\w*\(.*\{$/m);
  const end = source.indexOf("\n#", start);
  return source.slice(Math.max(0, start), end < 0 ? undefined : end).trimEnd();
}

function withoutHeader(text: string): string {
  return text.replace(/^\/\/ tilewright-ir \d+\n/, "").trimEnd();
}

function heading(text: string): string {
  return `\n--- ${text}\n`;
}
