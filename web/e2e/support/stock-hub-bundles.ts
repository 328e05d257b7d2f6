/** The published versions of the stock Hub, as scripts for a host page. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { build } from "vite";
import { fixturePath } from "./paths.ts";

/** The versions that the registry has. The newest is first. */
export const HUB_VERSIONS = ["1.11.4", "1.11.2", "1.10.1"] as const;

/** A published version. */
export type HubVersion = (typeof HUB_VERSIONS)[number];

/** How a host page contains the Hub: as a custom element, or as a React component. */
export type HubForm = "element" | "react";

/** The packages of the versions in `node_modules`. */
const PACKAGES: Readonly<Record<HubVersion, string>> = {
  "1.11.4": "@stackone/hub",
  "1.11.2": "stackone-hub-1.11.2",
  "1.10.1": "stackone-hub-1.10.1",
};

/** The built scripts. */
const scripts = new Map<string, Promise<string>>();

/** Returns the script of a version: the unchanged element, or a React application with the component. */
export function hubScript(version: HubVersion, form: HubForm): Promise<string> {
  const key = `${version} ${form}`;
  const script = scripts.get(key) ?? (form === "element" ? element(version) : reactApplication(version));
  scripts.set(key, script);
  return script;
}

function element(version: HubVersion): Promise<string> {
  const path = createRequire(import.meta.url).resolve(`${PACKAGES[version]}/webcomponent`);
  return readFile(path, "utf8");
}

async function reactApplication(version: HubVersion): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    resolve: { alias: [{ find: /^@stackone\/hub$/, replacement: PACKAGES[version] }] },
    build: {
      write: false,
      minify: false,
      lib: { entry: fixturePath("stock-hub/react.ts"), formats: ["iife"], name: "host" },
    },
    // A library keeps this for its user; the page has no user.
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const output = [built].flat().flatMap((part) => ("output" in part ? part.output : []));
  const script = output.find((file) => file.type === "chunk");
  if (script?.type !== "chunk") throw new Error(`the React application of ${version} was not built`);
  return script.code;
}
