/** Where the things under test are found; the only place that reads the environment. */
import { createRequire } from "node:module";
import { resolve } from "node:path";

const here = import.meta.dirname;

/** The binary under test: `PATCHBAY_BIN` (relative to `web/e2e`), or what `make run` builds. */
export function serverPath(): string {
  return resolve(here, "..", process.env.PATCHBAY_BIN ?? "../../target/fast/patchbay");
}

/** A folder of built screens in place of those in the binary, for who works on them. */
export function webDirectory(): string | undefined {
  return process.env.PATCHBAY_WEB_DIR;
}

/** The browser: `CHROMIUM`, or Debian's. */
export function browserPath(): string {
  return process.env.CHROMIUM ?? "/usr/bin/chromium";
}

/** The stock Hub's web component, as npm delivers it. */
export function stockHubPath(): string {
  return createRequire(import.meta.url).resolve("@stackone/hub/webcomponent");
}

/** A folder of ours that the tests hand to the server. */
export function fixturePath(name: string): string {
  return resolve(here, "../fixtures", name);
}

/** Where pictures for the documentation go, or nothing when this run makes none. */
export function picturesPath(): string | undefined {
  return process.env.PATCHBAY_SCREENSHOTS === "1" ? resolve(here, "../../../docs/images") : undefined;
}
