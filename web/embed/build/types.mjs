/**
 * Puts the type declarations beside the built library, flat and complete in themselves: the package is
 * installed without the workspace that it shares code with.
 *
 * Reads what `tsc -p tsconfig.types.json` wrote, follows imports from the two entries, and names every
 * import by the file beside it.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const EMITTED = join(DIST, ".types");
const FOLDERS = { own: join(EMITTED, "embed/src"), shared: join(EMITTED, "shared/src") };

const waiting = [join(FOLDERS.own, "index.d.ts"), join(FOLDERS.own, "react.d.ts")];
const written = new Map();

mkdirSync(DIST, { recursive: true });
while (waiting.length > 0) {
  const path = waiting.pop();
  const name = basename(path);
  if (written.get(name) === path) continue;
  if (written.has(name)) throw new Error(`two files are called ${name}; the flat folder has room for one`);
  written.set(name, path);
  const text = readFileSync(path, "utf8").replace(
    /(["'])(@patchbay\/web-shared\/|\.\/)([\w.]+)\.ts\1/g,
    (_match, _quote, from, module) => {
      const folder = from === "./" ? dirname(path) : FOLDERS.shared;
      waiting.push(join(folder, `${module}.d.ts`));
      return `"./${module}.js"`;
    },
  );
  if (text.includes("@patchbay/web-shared")) throw new Error(`${name} still names the shared workspace`);
  writeFileSync(join(DIST, name), text);
}
rmSync(EMITTED, { recursive: true });
