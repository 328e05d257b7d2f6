/** Builds the package `@patchbay/hub` into `embed/dist`: the element and the React component. */

import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    lib: {
      entry: { index: "src/index.ts", react: "src/react.ts" },
      formats: ["es"],
    },
    rolldownOptions: { external: ["react"] },
  },
});
