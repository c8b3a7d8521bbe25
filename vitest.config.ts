import { defineConfig } from "vitest/config";

const conditions = ["@tilewright/source"];
export default defineConfig({
  resolve: { conditions: [...conditions, "module", "node", "development|production"] },
  ssr: { resolve: { conditions: [...conditions, "module", "node", "development|production"], externalConditions: conditions } },
  test: { include: ["{packages,apps}/*/{src,test}/**/*.test.ts", "scripts/**/*.test.ts"] },
});
