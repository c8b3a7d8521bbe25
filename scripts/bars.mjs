/** What somebody who takes only some packages can do, and what it costs: on packed packages, in empty projects. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { inProject } from "./consumer.mjs";
import { loadedBytes } from "./footprint.mjs";
import { strangersAmong } from "./layers.mjs";
import { capture } from "./run.mjs";
import { readText } from "./workspace.mjs";

const LOWERING = ["te", "schedule", "lower", "codegen-c"].map((name) => `@tilewright/${name}`);
const RUNTIME = "@tilewright/runtime";
/** Of a deployed program without its artifact: bytes, minified and with gzip. */
const MOST_DEPLOYED_BYTES = 20_000;

/** Each gives what it finds wrong, in sentences. */
export const BARS = [lowersWithFew, deploysSmall];

/** The kernel of the README becomes C where only te, schedule, lower and codegen-c were installed. */
function lowersWithFew(registry) {
  const program = `
    import { c } from "@tilewright/codegen-c";
    import { lower } from "@tilewright/lower";
    import { createSchedule, split, toPrimFunc, vectorize } from "@tilewright/schedule";
    import { add, compute, placeholder, read } from "@tilewright/te";
    ${readmeKernel()}
    const func = toPrimFunc(schedule, { name: "sum" });
    const backend = c();
    const module = { kind: "IRModule", span: func.span, functions: [func], attributes: {} };
    const lowered = lower(module, { capabilities: backend.capabilities, verify: true }).module;
    console.log(new TextDecoder().decode(backend.compile(lowered).bytes));
  `;
  return inProject(LOWERING, registry, (project) => {
    const { status, output, stdout } = runs(program, project);
    if (status !== 0) return [`the README's kernel does not lower with ${LOWERING.join(", ")} alone:\n${output}`];
    const vector = /void sum\(.*load_f32x4/s.test(stdout)
      ? []
      : [`the README's kernel lowered to something else:\n${stdout}`];
    return [...vector, ...strangersAmong(packagesOfOurs(project), LOWERING)];
  });
}

/** The lines of the README's kernel that say what is computed and how. */
function readmeKernel() {
  const kernel = /const A = placeholder.*?vectorize\(schedule, C, lanes\);/s.exec(readText("README.md"));
  if (kernel === null)
    throw new Error("README.md has no kernel from `const A = placeholder` to `vectorize(schedule, C, lanes);`");
  return kernel[0];
}

/** An artifact runs where only the runtime was installed, the program is small, and it runs as one file without any package. */
function deploysSmall(registry) {
  const artifact = compiledKernel(registry);
  const program = `
    import { readFileSync } from "node:fs";
    export * from "${RUNTIME}";
    import { loadFunctions, ndarray, wasmDevice, zeros } from "${RUNTIME}";
    const device = await wasmDevice.open();
    const functions = await loadFunctions(readFileSync(new URL("sum.tilewright", import.meta.url)), device);
    const [a, b, c] = [ndarray(new Float32Array(1024).fill(1)), ndarray(new Float32Array(1024).fill(2)), zeros([1024])];
    await functions.call("sum", a, b, c);
    console.log(new Set(c.toArray()));
    await device.close();
  `;
  return inProject([RUNTIME], registry, (project) => {
    writeFileSync(join(project, "sum.tilewright"), artifact);
    const bytes = loadedBytes(program, project);
    const problems = strangersAmong(packagesOfOurs(project), [RUNTIME]);
    if (bytes > MOST_DEPLOYED_BYTES)
      problems.push(
        `a deployed program with all of ${RUNTIME} is ${bytes} bytes (minified, gzip); at most ${MOST_DEPLOYED_BYTES} are allowed`,
      );
    console.error(`a deployed program with all of ${RUNTIME}: ${bytes} bytes of ${MOST_DEPLOYED_BYTES}`);
    const stdin = { contents: program, resolveDir: project };
    const outfile = join(project, "deployed/main.mjs");
    buildSync({ stdin, bundle: true, minify: true, format: "esm", platform: "node", target: "es2022", outfile });
    rmSync(join(project, "node_modules"), { recursive: true });
    cpSync(join(project, "sum.tilewright"), join(project, "deployed/sum.tilewright"));
    const { stdout, output } = capture(process.execPath, [outfile], { cwd: project });
    return stdout.trim() === "Set(1) { 3 }" ? problems : [...problems, `the deployed program printed:\n${output}`];
  });
}

/** The README's kernel as the bytes of an artifact, compiled where the compiler is installed. */
function compiledKernel(registry) {
  const program = `
    import { writeFileSync } from "node:fs";
    import { encodeArtifact } from "@tilewright/artifact";
    import { wasm } from "@tilewright/codegen-wasm";
    import { compileSchedule } from "@tilewright/compiler";
    import { createSchedule, split, vectorize } from "@tilewright/schedule";
    import { add, compute, placeholder, read } from "@tilewright/te";
    ${readmeKernel()}
    const { artifact } = await compileSchedule(schedule, { target: wasm(), name: "sum" });
    writeFileSync("sum.tilewright", encodeArtifact(artifact));
  `;
  const names = ["compiler", "codegen-wasm", "te", "schedule"].map((name) => `@tilewright/${name}`);
  return inProject(names, registry, (project) => {
    const { status, output } = runs(program, project);
    if (status !== 0) throw new Error(`the README's kernel does not compile:\n${output}`);
    return readFileSync(join(project, "sum.tilewright"));
  });
}

function runs(program, project) {
  writeFileSync(join(project, "program.mjs"), program);
  return capture(process.execPath, ["program.mjs"], { cwd: project });
}

/** Everything under our name that npm put into a project. */
function packagesOfOurs(project) {
  return readdirSync(join(project, "node_modules/@tilewright")).map((name) => `@tilewright/${name}`);
}
