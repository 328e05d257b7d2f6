import { shellQuote } from "@patchbay/web-shared/quoting.ts";
import { expect, test } from "vitest";
import { elementHtml, jsonText, sessionCurl, sessionTypeScript } from "./sessionSnippets.ts";

test("a quote does not end a shell string", () => {
  expect(shellQuote("it's $HOME `x`")).toBe("'it'\\''s $HOME `x`'");
  expect(sessionCurl("http://pb.test", "o'brien")).toContain("o'\\''brien");
});

test("JSON does not end a script", () => {
  expect(jsonText("</script>\u2028")).toBe('"\\u003c/script>\\u2028"');
  expect(sessionTypeScript("http://pb.test", "</script>")).not.toContain("</script>");
});

test("an address does not end an attribute", () => {
  expect(elementHtml('http://pb.test"onload="x')).not.toContain('"onload');
});

test("omits the provider without a connector", () => {
  expect(sessionCurl("http://pb.test", null)).not.toContain("provider");
});
