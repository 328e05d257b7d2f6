/** The documents in `docs/` and the code that they contain. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { documentsPath } from "./paths.ts";

/** A fenced block of code. */
export interface Fence {
  /** The language; empty if the fence names none. */
  readonly language: string;
  /** The text, without the indentation of the fence. */
  readonly text: string;
  /** The line of the fence in its file, from 1. */
  readonly line: number;
}

/** A Markdown file. */
export interface Document {
  /** The path within `docs/`. */
  readonly path: string;
  /** Its fenced blocks, in order. */
  readonly fences: readonly Fence[];
}

/** Returns every Markdown file in `docs/`, sorted by path. */
export function documents(): Document[] {
  const root = documentsPath();
  const files = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile() && file.name.endsWith(".md"));
  return paths
    .map((file) => join(file.parentPath, file.name))
    .sort()
    .map((path) => ({ path: relative(root, path), fences: fences(readFileSync(path, "utf8")) }));
}

/** Returns the fenced blocks of a Markdown text. A fence ends at a line with its own indentation and at least as many backticks. */
export function fences(text: string): Fence[] {
  const found: Fence[] = [];
  let open: { indent: number; ticks: string; language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const match = /^( *)(`{3,})([\w+-]*)/.exec(line);
    if (open === undefined) {
      const [, indent = "", ticks = "", language = ""] = match ?? [];
      if (match !== null) open = { indent: indent.length, ticks, language, line: index + 1, lines: [] };
    } else if (match?.[2]?.startsWith(open.ticks) && line.trim() === match[2]) {
      const { indent, language, line: start, lines } = open;
      found.push({ language, line: start, text: lines.map((text) => `${text.slice(indent)}\n`).join("") });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== undefined) throw new Error(`the fence in line ${open.line} does not end`);
  return found;
}

/** Returns the file that a block contains, if its first line is a comment with nothing but the file's name. */
export function fileName(fence: Fence): string | undefined {
  return /^# ([\w./-]+\.\w+)\n/.exec(fence.text)?.[1];
}

/** Returns whether a block is a whole connector in one file. */
export function isWholeConnector(fence: Fence): boolean {
  const text = fence.text.replace(/^(#.*\n)+/, "");
  return fence.language === "yaml" && /^(Patchbay|StackOne): 1\.0\.0\n/.test(text) && !text.includes("$ref:");
}
