/** Builds the Hub page into `web/dist/hub`, with the paths under which the server serves it. */

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
    // The polyfill is only for browsers older than the target.
    modulePreload: { polyfill: false },
  },
});
