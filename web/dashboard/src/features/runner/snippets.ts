/** The same run as code to copy. */

import { jsonText, shellQuote } from "../link/snippets.ts";
import type { RunInputs } from "./formModel.ts";

export interface Run {
  baseUrl: string;
  account: string;
  action: string;
  inputs: RunInputs;
}

export const runCurl = ({ baseUrl, account, action, inputs }: Run): string =>
  [
    `curl ${shellQuote(`${baseUrl}/actions/rpc`)} \\`,
    `  --user "$PATCHBAY_API_KEY:" \\`,
    `  --header ${shellQuote(`x-account-id: ${account}`)} \\`,
    `  --json ${shellQuote(JSON.stringify({ action, ...inputs }))}`,
  ].join("\n");

export const runTypeScript = ({ baseUrl, account, action, inputs }: Run): string =>
  `const response = await fetch(${jsonText(`${baseUrl}/actions/rpc`)}, {
  method: "POST",
  headers: {
    authorization: \`Basic \${btoa(\`\${process.env.PATCHBAY_API_KEY}:\`)}\`,
    "content-type": "application/json",
    "x-account-id": ${jsonText(account)},
  },
  body: JSON.stringify(${jsonText({ action, ...inputs }).replaceAll("\n", "\n  ")}),
});
if (!response.ok) throw new Error(\`\${response.status} \${await response.text()}\`);
const { data, next } = await response.json();`;
