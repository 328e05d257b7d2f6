/** Builds the element as one file for script tags, into `web/dist/embed/patchbay-hub.js`. */

import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../dist/embed",
    emptyOutDir: true,
    target: "es2022",
    lib: {
      entry: "src/script.ts",
      // Works as a classic script and as a module.
      formats: ["iife"],
      name: "PatchbayHub",
      fileName: () => "patchbay-hub.js",
    },
  },
});
