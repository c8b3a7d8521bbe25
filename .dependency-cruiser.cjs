/**
 * The architecture: who may import whom. A package not named on a line is not to be imported there; `diagnostics` may
 * be imported by all. A package imports only what stands above it, so there are no cycles. Tests may import everything,
 * the conformance kit and the interpreter first of all.
 */
const COMPILE_CONTRACTS = ["ir", "backend", "artifact"];
const EMITTER = ["ir", "arith", "backend", "lower", "artifact"];
const PACKAGES = {
  // both sides
  diagnostics: [],
  artifact: [],
  // compile side
  ir: [],
  backend: ["ir", "artifact"],
  arith: ["ir"],
  interp: ["ir", "arith"],
  te: ["ir", "arith"],
  schedule: ["ir", "arith"],
  lower: ["ir", "arith", "backend"],
  autoschedule: ["ir", "arith", "backend", "schedule"],
  explain: ["ir", "arith", "backend", "schedule"],
  ops: ["ir", "arith", "te"],
  graph: ["ir", "arith", "ops"],
  autodiff: ["ir", "arith", "ops"],
  memplan: [],
  "codegen-c": EMITTER,
  "codegen-wasm": EMITTER,
  compiler: [
    ...COMPILE_CONTRACTS,
    ...["arith", "interp", "te", "schedule", "lower", "autoschedule", "ops", "graph", "autodiff", "memplan"],
  ],
  "toolchain-c": ["backend", "artifact"],
  // run side: never imports the compile side
  runtime: ["artifact"],
  "runtime-native": ["runtime", "artifact"],
  // development
  "backend-test": [...COMPILE_CONTRACTS, "interp", "te", "schedule", "lower", "runtime"],
  "create-tilewright-backend": [],
};

/** Packages that may use Node's own modules; every other one also runs in a browser. */
const NODE_ONLY = ["toolchain-c", "runtime-native", "backend-test", "create-tilewright-backend"];

/** Entry files of the sub-paths that `exports` lists; another package's other files are its own affair. */
const ENTRIES = { ir: ["text", "json", "verify"], explain: ["svg"], runtime: ["node", "worker"] };

const TESTS = "([.]test[.]ts$|^packages/[^/]+/test/)";

const order = Object.keys(PACKAGES);
const edges = Object.entries(PACKAGES).map(([name, allowed], position) => {
  const below = allowed.find((other) => !order.slice(0, position).includes(other));
  if (below !== undefined) throw new Error(`${name} may not import ${below}, which does not stand above it`);
  const open = [name, ...(name === "diagnostics" ? [] : ["diagnostics"]), ...allowed];
  return {
    name: `${name}-imports`,
    comment: `${name} may import ${open.slice(1).join(", ") || "no other package"}: see the table in .dependency-cruiser.cjs`,
    severity: "error",
    from: { path: `^packages/${name}/`, pathNot: TESTS },
    to: { path: "^(packages|apps)/", pathNot: `^packages/(${open.join("|")})/` },
  };
});

const entries = order.map((name) => ({
  name: `${name}-entries`,
  comment: `of ${name}, other packages see only what its exports list; their tests also what its tests make programs with`,
  severity: "error",
  from: { pathNot: `^packages/${name}/` },
  to: {
    path: `^packages/${name}/`,
    pathNot: `^packages/${name}/(test/|src/(${["index", ...(ENTRIES[name] ?? [])].join("|")})(/index)?[.]ts$)`,
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...edges,
    ...entries,
    {
      name: "known-package",
      comment: "a new package needs a line in the table",
      severity: "error",
      from: { path: "^packages/", pathNot: `^packages/(${order.join("|")})/` },
      to: {},
    },
    {
      name: "no-cycle",
      comment: "modules that import each other have no order; types alone may refer to each other inside a package",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "sources-without-tests",
      comment: "what is shipped does not import tests",
      severity: "error",
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: "pure-packages",
      comment: "this package also runs in a browser: no module of Node",
      severity: "error",
      from: {
        path: "^packages/",
        pathNot: `${TESTS}|^packages/(${NODE_ONLY.join("|")})/|^packages/runtime/src/node|[.]config[.]ts$`,
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "declared",
      comment: "a module that a source imports is declared in the package.json of its package",
      severity: "error",
      from: { path: "^(packages|apps)/", pathNot: `${TESTS}|[.]config[.]ts$` },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
    {
      name: "resolvable",
      comment: "every import finds its file",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^@yowasp/clang$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|template)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@tilewright/source", "import", "node", "default"],
      extensions: [".ts", ".js", ".mjs", ".json"],
    },
  },
};
