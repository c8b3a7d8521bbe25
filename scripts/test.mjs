/**
 * `npm test`: installs, builds, runs every test. With `--no-build` it only runs the tests; with `--json <file>` it also
 * writes vitest's report; other arguments go to vitest. Where CI is set, a skipped test is a failure.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installAndBuild, root, run, tool, usersNode } from "./run.mjs";

const args = process.argv.slice(2);
const noBuild = take("--no-build");
const report = takeValue("--json") ?? "build/test-report.json";

const failed = noBuild ? 0 : installAndBuild();
if (failed !== 0) process.exit(failed);
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const status = run(noBuild ? process.execPath : usersNode(), [tool("vitest"), "run", ...reporters, ...args]);
process.exit(status === 0 && process.env.CI ? refuseSkips() : status);

function refuseSkips() {
  const { testResults } = JSON.parse(readFileSync(join(root, report), "utf8"));
  const skipped = testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== "passed" && status !== "failed")
      .map(({ fullName }) => `${file.name}: ${fullName}`),
  );
  for (const name of skipped) console.error(`in CI nothing may be skipped, but this was: ${name}`);
  return skipped.length === 0 ? 0 : 1;
}

function take(flag) {
  const at = args.indexOf(flag);
  if (at < 0) return false;
  args.splice(at, 1);
  return true;
}

function takeValue(flag) {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}
