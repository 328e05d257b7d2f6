/** Builds the Hub page into `web/dist/hub`, with the addresses under which the server hands it out. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/assets/hub/",
  plugins: [react()],
  build: {
    outDir: "../dist/hub",
    emptyOutDir: true,
    assetsDir: "",
    target: "es2023",
    // The polyfill is for browsers that are older than the target.
    modulePreload: { polyfill: false },
  },
});
