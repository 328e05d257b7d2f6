/** The pictures of the documentation: each is used, dark where the screen can be, described, and all together small. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { documentsPath } from "../support/paths.ts";

/** All pictures are in the binary. */
const TOTAL_BYTES = 4_000_000;
/** Screens without a dark mode. */
const ONLY_LIGHT = ["demo-inline.png", "embed-blocked.png", "stock-hub-form.png"];

const folder = join(documentsPath(), "images");
const pictures = readdirSync(folder);
const texts = [
  join(documentsPath(), "../README.md"),
  ...readdirSync(documentsPath(), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(documentsPath(), file)),
].map((file) => readFileSync(file, "utf8"));
const uses = texts.flatMap((text) =>
  [...text.matchAll(/!\[([^\]]*)\]\((?:[\w./-]*\/)?images\/([\w-]+\.png)\)/g)].map(
    ([, alternative = "", name = ""]) => ({
      alternative,
      name,
    }),
  ),
);

test("every picture is used, and those of pages have a dark variant", () => {
  const used = new Set(uses.map(({ name }) => name));
  expect(used.size).toBeGreaterThan(5);
  const dark = [...used].filter((name) => !ONLY_LIGHT.includes(name) && !name.endsWith("-dark.png"));
  const needed = new Set([...used, ...dark.map((name) => name.replace(/\.png$/, "-dark.png"))]);
  expect(pictures.toSorted()).toEqual([...needed].sort());
});

test("every picture has an alternative text that says what one sees", () => {
  for (const { alternative, name } of uses) {
    expect(alternative.split(/\s+/).length, `words of the alternative text of ${name}`).toBeGreaterThan(3);
  }
});

test("all pictures together are small", () => {
  const total = pictures.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThan(TOTAL_BYTES);
});
