import { expect, test } from "vitest";
import { runCurl, runTypeScript } from "./snippets.ts";

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: hostile text that must stay text
const run = {
  baseUrl: "http://pb.test",
  account: "a'b",
  action: "x_list",
  inputs: { query: { q: "it's $HOME </script> `x` ${y}" } },
};

test("nothing that was typed ends a shell's text", () => {
  const curl = runCurl(run);
  expect(curl).toContain("x-account-id: a'\\''b");
  // Outside of quotes there is no dollar but the key's.
  const outside = curl.replace(/'(?:[^']|'\\'')*'/g, "");
  expect(outside.match(/\$/g)).toHaveLength(1);
});

test("nothing that was typed ends a script or a template", () => {
  const code = runTypeScript(run);
  expect(code).not.toContain("</script>");
  expect(code).toContain('"q": "it\'s $HOME \\u003c/script> `x` ${y}"');
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
