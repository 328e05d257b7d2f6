/** What the documents say of commands and connectors, checked with the binary. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { completed } from "../support/connector-fragments.ts";
import { documents, fences, isWholeConnector } from "../support/documents.ts";
import { expect, serverTest as test } from "../support/fixtures.ts";

/** The languages that the pages are highlighted in. */
const LANGUAGES = new Set(
  "console sh ts tsx python go rust json yaml xml html css js lua nginx sql text ini toml http diff".split(
    " ",
  ),
);

/** The page whose cases need a connector with events. */
const EVENTS = "build/events.md";
/** The first key of files of Prometheus, Kubernetes and Docker Compose. */
const OTHER_PROGRAM = /^(scrape_configs|groups|apiVersion|services):/;

const pages = documents();
const blocks = pages.flatMap(({ path, fences }) => fences.map((fence) => ({ ...fence, path })));

test("fences end at their own indentation and length", () => {
  const text =
    '- item\n\n  ```sh tab="curl"\n  a\n    b\n  ```\n\n````md\n```\nx\n```\n````\n```\nplain\n```\n';
  expect(fences(text)).toEqual([
    { language: "sh", line: 3, text: "a\n  b\n" },
    { language: "md", line: 8, text: "```\nx\n```\n" },
    { language: "", line: 13, text: "plain\n" },
  ]);
  expect(() => fences("```sh\na\n")).toThrow("line 1");
});

test("every block names its language", () => {
  const unnamed = blocks.filter(({ language }) => !LANGUAGES.has(language));
  expect(unnamed.map(({ path, line, language }) => `${path}:${line} ${language}`)).toEqual([]);
});

test("curl fails in every shell sample if the server responds with an error", () => {
  const lines = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ path, text }) => {
      const commands = text.match(/\bcurl\b[^\n]*/g) ?? [];
      return commands
        .filter((command) => !/^curl (-[a-zA-Z]*f|--fail-with-body )/.test(command))
        .map((command) => `${path}: ${command}`);
    });
  expect(lines).toEqual([]);
});

test("whole connectors are valid", ({ serverBinary }, info) => {
  const connectors = blocks.filter(isWholeConnector);
  expect(connectors.length).toBeGreaterThan(0);
  const file = info.outputPath("sample.connector.yaml");
  for (const { path, line, text } of connectors) {
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(serverBinary, [
      "connector",
      "validate",
      "--deny-warnings",
      file,
    ]);
    expect(status, `${path}:${line}\n${stdout}${stderr}`).toBe(0);
  }
});

test("parts of connectors are valid in a whole one, recorded cases pass, and configurations are right", ({
  serverBinary,
}, info) => {
  const run = (...words: string[]) =>
    spawnSync(serverBinary, words, { encoding: "utf8", cwd: info.outputPath() });
  mkdirSync(info.outputPath(), { recursive: true });
  run("connector", "new", "acme", "--base-url", "https://api.acme.example/v1", "--auth", "api-key");
  const counts = { connector: 0, cases: 0, configuration: 0 };
  for (const { path, line, text } of blocks.filter(
    (block) => block.language === "yaml" && !isWholeConnector(block) && !OTHER_PROGRAM.test(block.text),
  )) {
    const place = `${path}:${line}`;
    const connector = completed(text);
    if (connector !== undefined) {
      counts.connector += 1;
      writeFileSync(info.outputPath("sample.connector.yaml"), connector);
      const { status, stdout, stderr } = run("connector", "validate", "sample.connector.yaml");
      expect(status, `${place}\n${stdout}${stderr}${connector}`).toBe(0);
    } else if (text.startsWith("connector: acme\ncases:\n") && path !== EVENTS) {
      counts.cases += 1;
      writeFileSync(info.outputPath("acme/tests/items.test.yaml"), text);
      const { status, stdout, stderr } = run("connector", "test", "acme");
      expect(status, `${place}\n${stdout}${stderr}`).toBe(0);
    } else if (path.startsWith("operate/")) {
      counts.configuration += 1;
      writeFileSync(info.outputPath("patchbay.yaml"), text);
      const { status, stdout, stderr } = run("config", "check", "patchbay.yaml");
      expect(status, `${place}\n${stdout}${stderr}`).toBe(0);
    } else {
      // The main file of the first connector has partials, and the whole page runs; a comment is not a part; the overlay of
      // an import needs its description; rules and polling name actions, and a delivery needs events.
      const others = ["build/tutorial.md", "build/format.md", "build/import.md", EVENTS];
      expect(others, `${place} is checked by nothing`).toContain(path);
    }
  }
  expect(counts.connector).toBeGreaterThan(30);
  expect(counts.cases).toBeGreaterThan(1);
  expect(counts.configuration).toBeGreaterThan(1);
});

test("every command of a terminal session exists with its flags", ({ serverBinary }) => {
  const help = new Map<string, string>();
  const helpOf = (words: readonly string[]): string => {
    const key = words.join(" ");
    const known = help.get(key) ?? execFileSync(serverBinary, [...words, "--help"], { encoding: "utf8" });
    help.set(key, known);
    return known;
  };
  const wrong: string[] = [];
  let count = 0;
  for (const { path, line, command } of blocks.flatMap(commands)) {
    const words = command.split(/\s+/).slice(1);
    const subcommands: string[] = [];
    let rest = words;
    for (let [next] = rest; next !== undefined && lists(helpOf(subcommands), next); [next] = rest) {
      subcommands.push(next);
      rest = rest.slice(1);
    }
    count += 1;
    const flags = rest.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/=.*/, ""));
    const unknown = flags.filter((flag) => !new RegExp(`${flag}[\\s,]`).test(helpOf(subcommands)));
    const isGroup =
      /^Commands:$/m.test(helpOf(subcommands)) && rest[0] !== undefined && !rest[0].startsWith("-");
    if (unknown.length > 0 || isGroup) wrong.push(`${path}:${line} ${command}`);
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(20);
});

/** Returns whether a help text lists a subcommand. */
function lists(help: string, name: string): boolean {
  const [, commands = ""] = /^Commands:\n((?: {2}.*\n)+)/m.exec(help) ?? [];
  return /^[a-z][a-z-]*$/.test(name) && new RegExp(`^ {2}${name}\\b`, "m").test(commands);
}

/** Returns the calls of `patchbay` in a shell sample or after the prompt of a terminal session. */
function commands(block: { path: string; line: number; language: string; text: string }) {
  if (block.language !== "console" && block.language !== "sh") return [];
  const text = block.text.replaceAll(/\\\n\s*/g, " ");
  const start =
    block.language === "sh"
      ? /^\s*(?:sudo (?:-u \S+ )?)?(patchbay .*)$/
      : /^[$#] (?:.*(?:&&|\||sudo(?: -u \S+)?) +)?(patchbay .*)$/;
  const found = text.split("\n").map((line) => start.exec(line)?.[1]?.replace(/\s[#|>&].*$/, ""));
  return found
    .filter((command) => command !== undefined)
    .map((command) => ({ path: block.path, line: block.line, command }));
}
