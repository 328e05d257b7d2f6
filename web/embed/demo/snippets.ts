/** Code snippets with the demo's current values. Every value is quoted for the language of its snippet. */

import { attributeText, indented, shellQuote } from "@patchbay/web-shared/quoting.ts";
import type { Theme } from "../src/react.ts";

export interface SnippetValues {
  baseUrl: string;
  /** The origin of the page that embeds the Hub. */
  pageOrigin: string;
  theme: Theme;
  accountId: string | null;
  footer: boolean;
  owner: { id: string; name: string };
}

export type SnippetName = "html" | "react" | "typescript" | "curl";

export const SNIPPETS: readonly { value: SnippetName; label: string; location: string }[] = [
  { value: "html", label: "HTML", location: "Your page, without a framework" },
  { value: "react", label: "React", location: "Your page, with React 18 or 19" },
  { value: "typescript", label: "TypeScript", location: "Your server: creates the session" },
  { value: "curl", label: "curl", location: "A terminal: creates a session for testing" },
];

/** Returns whether the theme is the default, which the snippet omits. */
const isLight = (theme: Theme): boolean => theme === "light";

const attribute = (text: string): string => `"${attributeText(text)}"`;

/** Returns an attribute with JSON, which is easier to read in single quotes. */
const jsonAttribute = (value: unknown): string =>
  `'${JSON.stringify(value).replaceAll("&", "&amp;").replaceAll("'", "&#39;").replaceAll("<", "&lt;")}'`;

/** Returns a JavaScript literal: JSON, with unquoted keys where possible. */
const literal = (value: unknown): string =>
  JSON.stringify(value, null, 2).replaceAll(/^(\s*)"([A-Za-z_]\w*)":/gm, "$1$2:");

const sessionBody = ({ owner, pageOrigin, accountId }: SnippetValues) => ({
  origin_owner_id: owner.id,
  origin_owner_name: owner.name,
  allowed_origins: [pageOrigin],
  ...(accountId === null ? {} : { account_id: accountId }),
});

function html({ baseUrl, theme, accountId, footer }: SnippetValues): string {
  const lines = [
    'token="SESSION_TOKEN"',
    `base-url=${attribute(baseUrl)}`,
    ...(isLight(theme)
      ? []
      : [`theme=${typeof theme === "string" ? attribute(theme) : jsonAttribute(theme)}`]),
    ...(accountId === null ? [] : [`account-id=${attribute(accountId)}`]),
    ...(footer ? [] : ['show-footer-links="false"']),
  ];
  return `<script type="module" src=${attribute(`${baseUrl}/embed/patchbay-hub.js`)}></script>

<patchbay-hub
  ${lines.join("\n  ")}
></patchbay-hub>

<script type="module">
  const hub = document.querySelector("patchbay-hub");
  hub.addEventListener("success", ({ detail }) => {
    console.log("linked", detail.id, "at", detail.provider);
  });
  hub.addEventListener("close", () => hub.remove());
</script>`;
}

function react({ baseUrl, theme, accountId, footer }: SnippetValues): string {
  const props = [
    "token={token}",
    `baseUrl=${attribute(baseUrl)}`,
    ...(isLight(theme)
      ? []
      : [
          typeof theme === "string"
            ? `theme=${attribute(theme)}`
            : `theme={${indented(literal(theme), "      ")}}`,
        ]),
    ...(accountId === null ? [] : [`accountId=${attribute(accountId)}`]),
    ...(footer ? [] : ["showFooterLinks={false}"]),
    'onSuccess={(account) => console.log("linked", account.id)}',
    "onClose={onDone}",
  ];
  return `import { PatchbayHub } from "@patchbay/hub/react";

export function ConnectTool({ token, onDone }) {
  return (
    <PatchbayHub
      ${props.join("\n      ")}
    />
  );
}`;
}

const typescript = (values: SnippetValues): string =>
  `// On your server: the API key must never reach a browser.
const key = process.env.PATCHBAY_API_KEY;
const response = await fetch(${JSON.stringify(`${values.baseUrl}/connect_sessions`)}, {
  method: "POST",
  headers: {
    authorization: \`Basic \${btoa(\`\${key}:\`)}\`,
    "content-type": "application/json",
  },
  body: JSON.stringify(${indented(literal(sessionBody(values)), "  ")}),
});
if (!response.ok) throw new Error((await response.json()).message);
const { token } = await response.json();`;

const curl = (values: SnippetValues): string =>
  `curl ${shellQuote(`${values.baseUrl}/connect_sessions`)} \\
  --user "$PATCHBAY_API_KEY:" \\
  --json ${shellQuote(JSON.stringify(sessionBody(values), null, 2))}`;

const GENERATORS: Record<SnippetName, (values: SnippetValues) => string> = { html, react, typescript, curl };

export const snippet = (name: SnippetName, values: SnippetValues): string => GENERATORS[name](values);
