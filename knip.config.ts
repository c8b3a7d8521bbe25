import { isPlanned, workspacePackages } from "./scripts/workspace.mjs";

/** Files that nothing imports and dependencies that nothing uses. What a source must declare, `check:layers` knows. */
export default {
  include: ["files", "dependencies", "binaries"] as const,
  ignoreWorkspaces: workspacePackages()
    .filter(isPlanned)
    .map(({ folder }) => folder),
  workspaces: {
    ".": {
      ignore: ["examples/backend-*/**"],
      entry: ["scripts/*.mjs", "scripts/bin/*.mjs", "examples/*.ts"],
      // Started by their path, or imported by tests, which find them in the root's node_modules.
      ignoreDependencies: ["@arethetypeswrong/cli", "playwright-core", "tilewright-scripts", "turbo", "fast-check"],
    },
    // Its template is a project of its own, as are the backends of strangers; the dependencies only tell their versions.
    "packages/create-tilewright-backend": { ignore: ["template/**"], ignoreDependencies: [/^@tilewright\//] },
    "packages/backend-test": { entry: ["src/main.ts", "{src,test}/**/*.test.ts"] }, // the command `tilewright-kit`
    "packages/*": { entry: ["{src,test}/**/*.test.ts"] },
    "apps/*": { entry: ["src/main.ts", "{src,test}/**/*.test.ts"] },
  },
};
