/**
 * Writes the type declarations next to the built library as one flat folder without external imports, since the
 * package is installed without the shared workspace.
 *
 * Reads the output of `tsc -p tsconfig.types.json`, follows the imports of the two entries, and rewrites every import
 * to a file in the same folder.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const EMITTED = join(DIST, ".types");
const FOLDERS = { embed: join(EMITTED, "embed/src"), shared: join(EMITTED, "shared/src") };

const queue = [join(FOLDERS.embed, "index.d.ts"), join(FOLDERS.embed, "react.d.ts")];
const written = new Map();

mkdirSync(DIST, { recursive: true });
while (queue.length > 0) {
  const path = queue.pop();
  const name = basename(path);
  if (written.get(name) === path) continue;
  if (written.has(name))
    throw new Error(`two files are named ${name}, but the flat folder can contain only one`);
  written.set(name, path);
  const text = readFileSync(path, "utf8").replace(
    /(["'])(@patchbay\/web-shared\/|\.\/)([\w.]+)\.ts\1/g,
    (_match, _quote, from, module) => {
      const folder = from === "./" ? dirname(path) : FOLDERS.shared;
      queue.push(join(folder, `${module}.d.ts`));
      return `"./${module}.js"`;
    },
  );
  if (text.includes("@patchbay/web-shared"))
    throw new Error(`${name} still imports from the shared workspace`);
  writeFileSync(join(DIST, name), text);
}
rmSync(EMITTED, { recursive: true });
