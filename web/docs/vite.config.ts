/**
 * Builds the script of the documentation into `web/dist/docs/docs.js`. The server adds a hash of the content to its name in
 * the address, because it also renders the pages.
 */

import { defineConfig } from "vite";

export default defineConfig({
  base: "/assets/docs/",
  build: {
    outDir: "../dist/docs",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    rollupOptions: {
      input: "src/main.ts",
      output: {
        entryFileNames: "docs.js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
