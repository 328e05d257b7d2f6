/** The code snippets parse and contain the values, whatever characters they have. */

import ts from "typescript";
import { expect, it } from "vitest";
import { SNIPPETS, type SnippetValues, snippet } from "./snippets.ts";

const values: SnippetValues = {
  baseUrl: "https://patchbay.example.com",
  pageOrigin: "https://app.example.com",
  theme: "light",
  accountId: null,
  footer: true,
  owner: { id: "o'1", name: 'The "O\'Neill" <b>Group</b>' },
};

const customValues: SnippetValues = {
  ...values,
  theme: { colors: { primary: { background: "#0f766e" } }, fontFamily: "O'Font" },
  accountId: "acc_1",
  footer: false,
};

function element(code: string): Element {
  const page = new DOMParser().parseFromString(code, "text/html");
  const found = page.querySelector("patchbay-hub");
  if (!found) throw new Error("the snippet contains no element");
  return found;
}

it("HTML omits default values", () => {
  const hub = element(snippet("html", values));
  expect(hub.getAttributeNames()).toEqual(["token", "base-url"]);
  expect(hub.getAttribute("base-url")).toBe(values.baseUrl);
});

it("HTML contains the chosen values", () => {
  const hub = element(snippet("html", customValues));
  expect(JSON.parse(hub.getAttribute("theme") ?? "")).toEqual(customValues.theme);
  expect(hub.getAttribute("account-id")).toBe("acc_1");
  expect(hub.getAttribute("show-footer-links")).toBe("false");
});

it.each(["react", "typescript"] as const)("%s parses", (name) => {
  for (const input of [values, customValues]) {
    const { diagnostics } = ts.transpileModule(snippet(name, input), {
      reportDiagnostics: true,
      compilerOptions: {
        jsx: ts.JsxEmit.Preserve,
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ES2022,
      },
      fileName: "snippet.tsx",
    });
    expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
  }
});

it("the session snippets allow this page and name the owner", () => {
  for (const name of ["typescript", "curl"] as const) {
    const code = snippet(name, customValues);
    expect(code).toContain("https://app.example.com");
    expect(code).toContain("https://patchbay.example.com/connect_sessions");
    expect(code).toContain("acc_1");
  }
});

it("curl quotes for the shell", () => {
  const code = snippet("curl", values);
  const json = /--json '(.*)'$/s.exec(code)?.[1]?.replaceAll("'\\''", "'");
  expect(JSON.parse(json ?? "")).toEqual({
    origin_owner_id: "o'1",
    origin_owner_name: values.owner.name,
    allowed_origins: ["https://app.example.com"],
  });
});

it("no snippet contains a key or a token", () => {
  for (const { value } of SNIPPETS) expect(snippet(value, customValues)).not.toMatch(/v1\.\w+\.\w{10}/);
});
