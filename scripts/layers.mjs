/** The table of `.dependency-cruiser.cjs`: which packages may come with which. */
import { createRequire } from "node:module";
import { publishedPackages } from "./packing.mjs";

const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs");
const published = publishedPackages().filter(({ folder }) => folder.startsWith("packages/"));

/** Names of the packages that the table lets come along where these are installed: themselves, what they may import, and so on. */
export function allowedWith(names) {
  const allowed = new Set(names);
  for (const name of allowed) {
    const entry = published.find(({ manifest }) => manifest.name === name);
    const rule = forbidden.find((each) => each.name === `${entry?.short}-imports`);
    if (rule === undefined) throw new Error(`${name} has no line in the table of .dependency-cruiser.cjs`);
    const open = new RegExp(rule.to.pathNot);
    for (const { folder, manifest } of published) if (open.test(`${folder}/`)) allowed.add(manifest.name);
  }
  return allowed;
}

/** What came along with packages and should not have, in a sentence each. */
export function strangersAmong(found, names) {
  const ours = new Set(published.map(({ manifest }) => manifest.name));
  const allowed = allowedWith(names);
  return found
    .filter((name) => ours.has(name) && !allowed.has(name))
    .map(
      (name) =>
        `installing ${names.join(", ")} brings ${name}, which the table of .dependency-cruiser.cjs does not allow`,
    );
}
