/** A run as code to copy. */

import { indented, shellQuote } from "@patchbay/web-shared/quoting.ts";
import { AUTHORIZATION, jsonText } from "../linking/sessionSnippets.ts";
import type { RunInputs } from "./formModel.ts";

export interface RunSnippetValues {
  baseUrl: string;
  account: string;
  action: string;
  inputs: RunInputs;
}

export const runCurl = ({ baseUrl, account, action, inputs }: RunSnippetValues): string =>
  [
    `curl ${shellQuote(`${baseUrl}/actions/rpc`)} \\`,
    `  --user "$PATCHBAY_API_KEY:" \\`,
    `  --header ${shellQuote(`x-account-id: ${account}`)} \\`,
    `  --json ${shellQuote(JSON.stringify({ action, ...inputs }))}`,
  ].join("\n");

export const runTypeScript = ({ baseUrl, account, action, inputs }: RunSnippetValues): string =>
  `const response = await fetch(${jsonText(`${baseUrl}/actions/rpc`)}, {
  method: "POST",
  headers: {
    authorization: ${AUTHORIZATION},
    "content-type": "application/json",
    "x-account-id": ${jsonText(account)},
  },
  body: JSON.stringify(${indented(jsonText({ action, ...inputs }), "  ")}),
});
if (!response.ok) throw new Error(\`\${response.status} \${await response.text()}\`);
const { data, next } = await response.json();`;
