import { expect, test } from "vitest";
import { runCurl, runTypeScript } from "./runSnippets.ts";

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: hostile text that must stay text
const run = {
  baseUrl: "http://pb.test",
  account: "a'b",
  action: "x_list",
  inputs: { query: { q: "it's $HOME </script> `x` ${y}" } },
};

test("input values do not end a shell string", () => {
  const curl = runCurl(run);
  expect(curl).toContain("x-account-id: a'\\''b");
  // The only dollar sign outside of quotes is the key's.
  const outside = curl.replace(/'(?:[^']|'\\'')*'/g, "");
  expect(outside.match(/\$/g)).toHaveLength(1);
});

test("input values do not end a script or a template literal", () => {
  const code = runTypeScript(run);
  expect(code).not.toContain("</script>");
  expect(code).toContain('"q": "it\'s $HOME \\u003c/script> `x` ${y}"');
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
