/** Every link to the documentation leads to a page and an anchor that exist. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { connectorDocs, DOCS, errorDocs } from "./docs.ts";

const FOLDER = join(import.meta.dirname, "../../../../docs");
/** Pages that the server makes from what it knows. */
const GENERATED = ["/docs/connectors"];

/** Returns the text of a written page. */
function textOf(path: string): string {
  const name = path.replace(/^\/docs\//, "");
  const file = [`${name}.md`, `${name}/index.md`].map((file) => join(FOLDER, file)).find(existsSync);
  expect(file, `a file for ${path}`).toBeDefined();
  return readFileSync(file ?? "", "utf8");
}

/** Returns the anchors of a page: the given ones, otherwise the words of the heading. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#{2,3} (.+?)(?: \{#([\w-]+)\})?$/gm)].map(
    ([, heading = "", id]) =>
      id ??
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, "")
        .replaceAll(/\s+/g, "-"),
  );
}

it.each(Object.entries(DOCS))("the page for %s exists", (_, { path, about }) => {
  const [page = "", anchor] = path.split("#");
  expect(about).not.toBe("");
  if (GENERATED.includes(page)) return;
  const text = textOf(page);
  expect(text).toMatch(/^---\ntitle: /);
  if (anchor !== undefined) expect(anchorsOf(text)).toContain(anchor);
});

it("connectors and error codes have places of their own", () => {
  expect(connectorDocs("spotdraft", "SpotDraft")).toEqual({
    path: "/docs/connectors/spotdraft",
    about: "SpotDraft",
  });
  expect(errorDocs("AccountNotFoundError")?.path).toBe("/docs/errors#AccountNotFoundError");
  expect(textOf("/docs/errors")).toContain("`AccountNotFoundError`");
  expect(errorDocs("NetworkError")).toBeNull();
  expect(errorDocs("UnexpectedError")).toBeNull();
  expect(errorDocs("UnknownError")).toBeNull();
});
