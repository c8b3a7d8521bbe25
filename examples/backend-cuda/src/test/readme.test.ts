import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { packageFolder, picture, withPart } from "../scripts/picture.js";

it("shows in its README what it writes (npm run readme)", () => {
  const readme = readFileSync(new URL("README.md", packageFolder), "utf8");
  assert.equal(readme, withPart(readme, "picture", picture()));
});
