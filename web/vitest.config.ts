/** Unit tests of every workspace, in a simulated browser. Browser tests are in `e2e`. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  test: {
    environment: "happy-dom",
    include: ["*/src/**/*.test.ts", "*/src/**/*.test.tsx", "*/build/**/*.test.ts"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
