// Writes what README.md shows: the picture, and the support table, for which it runs the conformance kit. `--picture` leaves the table.
import { readFileSync, writeFileSync } from "node:fs";
import { runKit } from "@tilewright/backend-test";
import { nativeDevice } from "@tilewright/runtime-native";
import { cuda, cudaEmulation } from "../index.js";
import { packageFolder, picture, support, withPart } from "./picture.js";

const path = new URL("README.md", packageFolder);
let readme = withPart(readFileSync(path, "utf8"), "picture", picture());
if (!process.argv.includes("--picture")) {
  const subject = { backend: cuda(), toolchain: cudaEmulation({ optimization: 0 }), device: nativeDevice };
  readme = withPart(readme, "support", support(await runKit(subject)));
}
writeFileSync(path, readme);
