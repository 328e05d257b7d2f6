/**
 * Holds each page to its budget: the gzipped size of the scripts that its `index.html` loads at first
 * (module scripts, preloads, and whatever those import statically). Lazily imported chunks do not count.
 *
 *     node shared/build/sizes.mjs               every page; one that is not built is an error
 *     node shared/build/sizes.mjs --only hub    one page; the others are not looked at
 */

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");
const KB = 1000;

const BUDGETS = [
  { name: "hub", entry: "hub/index.html", limit: 100 * KB },
  { name: "dashboard", entry: "dashboard/index.html", limit: 300 * KB },
  { name: "embed", entry: "embed/patchbay-hub.js", limit: 15 * KB },
];

/** Addresses of scripts in a page; only their file name matters, all assets lie beside the page. */
function scriptsOf(html) {
  const found = [...html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="([^"]+\.js)"/g)];
  return found.map(([, address]) => basename(address));
}

/** Static imports and re-exports of a bundled module: `import"./a.js"`, `from"./a.js"`. */
function importsOf(code) {
  const found = [...code.matchAll(/(?:\bimport|\bfrom)\s*["']\.\/([^"']+\.js)["']/g)];
  return found.map(([, name]) => name);
}

/** Every script that is loaded before the page can do anything. */
function firstLoad(entry) {
  const folder = dirname(entry);
  const waiting = entry.endsWith(".html") ? scriptsOf(readFileSync(entry, "utf8")) : [basename(entry)];
  const seen = new Map();
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (seen.has(name)) continue;
    const code = readFileSync(join(folder, name));
    seen.set(name, gzipSync(code, { level: 9 }).length);
    waiting.push(...importsOf(code.toString("utf8")));
  }
  return seen;
}

const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : null;
const chosen = BUDGETS.filter((budget) => only === null || budget.name === only);
if (chosen.length === 0) {
  throw new Error(`No page is called "${only}". Known: ${BUDGETS.map((budget) => budget.name).join(", ")}.`);
}

const problems = [];
const rows = [];
for (const { name, entry, limit } of chosen) {
  const path = join(DIST, entry);
  if (!existsSync(path)) {
    problems.push(`${name}: dist/${entry} is missing; build it first.`);
    continue;
  }
  const files = firstLoad(path);
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  if (total > limit) problems.push(`${name}: ${total} bytes are more than the ${limit} that it may have.`);
  if (files.size === 0) problems.push(`${name}: dist/${entry} loads no script; is it the built page?`);
  rows.push([name, String(files.size), (total / KB).toFixed(1), (limit / KB).toFixed(0)]);
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
