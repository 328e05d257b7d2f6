/**
 * Checks the size budget of each page: the gzipped size of the scripts that its `index.html` loads initially (module
 * scripts, preloads, and their static imports). Lazily imported chunks do not count.
 *
 *     node shared/build/sizes.mjs               checks every page; a missing page is an error
 *     node shared/build/sizes.mjs --only hub    checks one page
 */

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");
const KB_BYTES = 1000;

const BUDGETS = [
  { name: "hub", entry: "hub/index.html", limitBytes: 100 * KB_BYTES },
  { name: "dashboard", entry: "dashboard/index.html", limitBytes: 300 * KB_BYTES },
  { name: "docs", entry: "docs/docs.js", limitBytes: 8 * KB_BYTES },
  { name: "embed", entry: "embed/patchbay-hub.js", limitBytes: 15 * KB_BYTES },
];

/** Returns the file names of a page's scripts; all assets are in the page's folder. */
function scriptsOf(html) {
  const found = [...html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="([^"]+\.js)"/g)];
  return found.map(([, address]) => basename(address));
}

/** Returns the static imports and re-exports of a bundled module: `import"./a.js"`, `from"./a.js"`. */
function importsOf(code) {
  const found = [...code.matchAll(/(?:\bimport|\bfrom)\s*["']\.\/([^"']+\.js)["']/g)];
  return found.map(([, name]) => name);
}

/** Returns the gzipped size of every script that is loaded initially. */
function initialScripts(entry) {
  const folder = dirname(entry);
  const queue = entry.endsWith(".html") ? scriptsOf(readFileSync(entry, "utf8")) : [basename(entry)];
  const seen = new Map();
  while (queue.length > 0) {
    const name = queue.pop();
    if (seen.has(name)) continue;
    const code = readFileSync(join(folder, name));
    seen.set(name, gzipSync(code, { level: 9 }).length);
    queue.push(...importsOf(code.toString("utf8")));
  }
  return seen;
}

const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : null;
const chosen = BUDGETS.filter((budget) => only === null || budget.name === only);
if (chosen.length === 0) {
  throw new Error(`There is no page "${only}". Pages: ${BUDGETS.map((budget) => budget.name).join(", ")}.`);
}

const problems = [];
const rows = [];
for (const { name, entry, limitBytes } of chosen) {
  const path = join(DIST, entry);
  if (!existsSync(path)) {
    problems.push(`${name}: dist/${entry} is missing. Build it first.`);
    continue;
  }
  const files = initialScripts(path);
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  if (total > limitBytes) problems.push(`${name}: ${total} bytes exceed the limit of ${limitBytes} bytes.`);
  if (files.size === 0) problems.push(`${name}: dist/${entry} loads no script. Is it the built page?`);
  rows.push([name, String(files.size), (total / KB_BYTES).toFixed(1), (limitBytes / KB_BYTES).toFixed(0)]);
}

const header = ["page", "files", "kB gzip", "limit"];
const widths = header.map((title, column) =>
  Math.max(title.length, ...rows.map((row) => row[column].length)),
);
const line = (row) =>
  row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
process.stdout.write(`${[header, ...rows].map(line).join("\n")}\n`);
if (problems.length > 0) {
  process.stderr.write(`${problems.join("\n")}\n`);
  process.exitCode = 1;
}
