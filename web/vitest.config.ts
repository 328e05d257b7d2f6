/** The unit tests of every workspace, in a simulated browser. The browser tests are in `e2e`. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  test: {
    environment: "happy-dom",
    include: ["*/{src,demo,build}/**/*.test.ts", "*/{src,demo,build}/**/*.test.tsx"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
