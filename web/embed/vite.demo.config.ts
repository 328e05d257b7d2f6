/** Builds the demo page into `web/dist/demo`, with the paths under which the server serves it. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: "demo",
  base: "/assets/demo/",
  plugins: [react()],
  build: {
    outDir: "../../dist/demo",
    emptyOutDir: true,
    assetsDir: "",
    target: "es2023",
    modulePreload: { polyfill: false },
  },
});
