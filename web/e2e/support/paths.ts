/** Paths of the binary, the browser and other files. The only module that reads environment variables. */
import { resolve } from "node:path";

const here = import.meta.dirname;

/** Returns the binary under test: `PATCHBAY_BIN` (relative to `web/e2e`), or the one that `make run` builds. */
export function serverPath(): string {
  return resolve(here, "..", process.env.PATCHBAY_BIN ?? "../../target/fast/patchbay");
}

/** Returns a folder of built screens to use instead of those in the binary. */
export function webDirectory(): string | undefined {
  return process.env.PATCHBAY_WEB_DIR;
}

/** Returns the browser: `CHROMIUM`, or Debian's. */
export function browserPath(): string {
  return process.env.CHROMIUM ?? "/usr/bin/chromium";
}

/** Returns a file or folder in `fixtures`. */
export function fixturePath(name: string): string {
  return resolve(here, "../fixtures", name);
}

/** Returns the folder of the documents. */
export function documentsPath(): string {
  return resolve(here, "../../../docs");
}

/** Returns the folder for documentation screenshots; undefined if this run takes none. */
export function screenshotsPath(): string | undefined {
  return process.env.PATCHBAY_SCREENSHOTS === "1" ? resolve(documentsPath(), "images") : undefined;
}

/** Returns the folders in which programs are searched. */
export function programsPath(): string {
  return process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin";
}
