/**
 * Where a budget hurts reading, it is exceeded, and the reason stands here.
 * An entry: `{ budget: "file" | "function" | "package" | "readme", of, limit, reason }`; `of` is a path from the root,
 * for a function `path#name`. An entry that is no longer needed is an error.
 */
export const allowances = [
  {
    budget: "package",
    of: "packages/ir",
    limit: 6800,
    reason:
      "three levels of IR, each with its types, verifier, text form and JSON form, and how the forms aged; whoever imports types alone ships none of it (sub-paths)",
  },
  {
    budget: "package",
    of: "packages/arith",
    limit: 4450,
    reason:
      "bounds, residues, normal forms, rules, symbolic intervals, proofs, equations and maps of indices work on one table of interned expressions",
  },
  {
    budget: "package",
    of: "apps/bench",
    limit: 2900,
    reason:
      "five peers, each with its own words for every problem, beside the suites; a package for the peers would have one user",
  },
  {
    budget: "package",
    of: "packages/interp",
    limit: 3600,
    reason:
      "the meaning of every statement and operator with the checks of races, barriers, queues and bounds; they share frames",
  },
  {
    budget: "package",
    of: "packages/codegen-c",
    limit: 3200,
    reason:
      "every operator twice, on scalars and on vectors, and the C text of the thread pool; two packages would share all types",
  },
  {
    budget: "package",
    of: "packages/codegen-wasm",
    limit: 3200,
    reason:
      "an assembler and a backend in one: opcodes, the module format, half floats in software, each operator on scalars and on lanes",
  },
  {
    budget: "package",
    of: "packages/runtime",
    limit: 3000,
    reason:
      "all that a page installs: arrays, functions, sessions on one device or several with the copies between them, and the WebAssembly device with its threads",
  },
  {
    budget: "function",
    of: "packages/runtime/src/worker-main.ts#workerMain",
    limit: 95,
    reason: "it is sent to workers as text, so it holds all that it uses",
  },
  {
    budget: "package",
    of: "packages/schedule",
    limit: 8900,
    reason:
      "some forty primitives and sampling instructions, a file each with what it refuses; they, their trace and bound inference have one semantics (ADR 0001), and each must know when a later one would break it",
  },
  {
    budget: "package",
    of: "packages/ops",
    limit: 2700,
    reason:
      "an operator is its types, its expressions and its gradient in one place, and the set of them is one value that models name operators of",
  },
  {
    budget: "package",
    of: "packages/backend-test",
    limit: 6300,
    reason:
      "a section for each part of the contract, and generators of random functions, launches and tensor programs; nobody ships it",
  },
  {
    budget: "package",
    of: "packages/lower",
    limit: 6400,
    reason:
      "twenty passes that run in one order and share linear forms, value numbers and block lists, the math expansions, and the launch form of GPUs",
  },
  {
    budget: "package",
    of: "packages/explain",
    limit: 3300,
    reason:
      "a reader of nests, a model of memory, a catalogue of warnings and two renderings that show one result; the picture is a sub-path",
  },
];
