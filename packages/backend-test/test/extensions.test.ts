import { defaultRules } from "@tilewright/autoschedule";
import { type Backend, definePass, type Intrinsic, type PlacedPass, type ScheduleRule } from "@tilewright/backend";
import { buffer, build, constant, int, rewrite, type Stmt, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { conformanceTests, interpreterPlugin } from "../src/index.js";
import { kernelOf } from "../src/plain-functions.js";

const { backend, device } = interpreterPlugin();
const SECTIONS = ["intrinsics", "passes", "schedule rules"];

/** Names of the tests of what a backend brings, and of those that fail. */
async function tried(brought: Partial<Backend>): Promise<{ names: string[]; failures: Record<string, string> }> {
  const failures: Record<string, string> = {};
  const tests = conformanceTests({ backend: { ...backend, ...brought }, device, runs: 60 }).filter(({ section }) => SECTIONS.includes(section)); // biome-ignore format: one call
  for (const { name, run } of tests)
    await run().catch((error: Error) => {
      failures[name] = error.message;
    });
  return { names: tests.map(({ name }) => name), failures };
}

/** `out[i][j] = x[i][j] + 1` of 2 × 4 float32. */
const increment: Intrinsic = (() => {
  const made = (name: string) => buffer(name, { dtype: "float32", shape: [2, 4] });
  const [x, out, i, j] = [made("x"), made("out"), variable("i"), variable("j")];
  const store = build.store(out, [i, j], build.add(build.load(x, [i, j]), constant(1, "float32")));
  const body = build.loop(i, int(0), int(2), build.loop(j, int(0), int(4), store));
  return { name: "increment", semantics: kernelOf("increment", [x, out], body), emit: null };
})();

const pass = (name: string, change: (stmt: Stmt) => Stmt, at: PlacedPass["at"] = "flat"): PlacedPass => ({
  at,
  pass: definePass({
    name,
    requires: at === "scheduled" ? "scheduled" : "flat",
    establishes: at === "scheduled" ? "scheduled" : "flat",
    run: (module) => ({ ...module, functions: module.functions.map((func) => ({ ...func, body: change(func.body) })) }),
  }),
});

const unrolling: Stmt | ((stmt: Stmt) => Stmt) = (stmt: Stmt): Stmt =>
  rewrite(stmt, { For: (loop) => (loop.loopKind === "serial" ? { ...loop, loopKind: "virtual" } : undefined) });

describe("what a backend brings along", () => {
  it("passes where it is right", async () => {
    const capabilities = { ...backend.capabilities, intrinsics: ["increment"] };
    const { names, failures } = await tried({
      capabilities,
      intrinsics: [increment],
      passes: [pass("nothing", (stmt) => stmt), pass("nothing", (stmt) => stmt, "scheduled")],
      rules: defaultRules,
    });
    expect(failures).toEqual({});
    expect(names.slice(0, 3)).toEqual([
      "computes what the intrinsic increment means",
      "keeps meaning and level in its pass nothing (1)",
      "keeps meaning and level in its pass nothing (2)",
    ]);
    expect(names.length).toBe(3 + defaultRules.length);
  });

  it("fails where a template computes something else", async () => {
    const twice: PlacedPass = {
      at: "scheduled",
      pass: {
        ...pass("", (stmt) => stmt, "scheduled").pass,
        name: "templates",
        run: (module) => ({
          ...module,
          functions: module.functions.map((func) =>
            func.attributes["tilewright.intrinsic"] === "increment"
              ? { ...func, body: rewrite(func.body, { Const: (node) => (node.dtype === "float32" ? constant(2, "float32") : undefined) }) as Stmt } // biome-ignore format: one expression
              : func,
          ),
        }),
      },
    };
    const capabilities = { ...backend.capabilities, intrinsics: ["increment"] };
    const { failures } = await tried({ capabilities, intrinsics: [increment], passes: [twice] });
    expect(Object.keys(failures)).toEqual(["computes what the intrinsic increment means"]);
    expect(failures["computes what the intrinsic increment means"]).toMatch(/^calls_increment_dense: out\[0\] is/);
  });

  it("fails where a pass changes the meaning, or leaves its level", async () => {
    const zeros = (stmt: Stmt): Stmt =>
      rewrite(stmt, { Store: (store) => (store.value.dtype === "float32" && store.value.lanes === 1 ? { ...store, value: constant(0, "float32") } : undefined) }); // biome-ignore format: one expression
    const { failures } = await tried({ passes: [pass("forgetting", zeros), pass("unleveling", unrolling)] });
    expect(failures["keeps meaning and level in its pass forgetting"]).toMatch(/before forgetting:[\s\S]*after:/);
    expect(failures["keeps meaning and level in its pass unleveling"]).toMatch(/it does not establish the level flat/);
  });

  it("fails where a rule's trace does not apply, or throws", async () => {
    const rule = (name: string, apply: () => never): ScheduleRule => ({ name, match: () => ({ knobs: [], apply }) });
    const astray = rule("astray", () => ({ version: 1, records: [{ primitive: "split", target: "nobody", axes: [], arguments: {}, results: [] }] }) as never); // biome-ignore format: one call
    const rude = rule("rude", () => {
      throw new TypeError("x is undefined");
    });
    const { failures } = await tried({ rules: [astray, rude] });
    expect(failures["gives traces by its rule astray that apply and compute the right thing"]).toMatch(/^astray on elementwise over 37 with \{\}: /); // biome-ignore format: one call
    expect(failures["gives traces by its rule rude that apply and compute the right thing"]).toMatch(/x is undefined/);
  });
});
