/** Code that opens the Hub in a product. Every value is quoted for the language of its snippet. */

import { attributeText, indented, shellQuote } from "@patchbay/web-shared/quoting.ts";

/** Returns JSON that is safe inside a script: without `</script>` and without U+2028 and U+2029. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");

/** A JavaScript expression for Basic authentication with the API key as username. */
export const AUTHORIZATION = `\`Basic \${btoa(\`\${process.env.PATCHBAY_API_KEY}:\`)}\``;

const body = (connector: string | null) => ({
  origin_owner_id: "customer-123",
  origin_owner_name: "Acme",
  ...(connector === null ? {} : { provider: connector }),
  allowed_origins: ["https://app.example.com"],
});

export const sessionCurl = (baseUrl: string, connector: string | null): string =>
  [
    `curl ${shellQuote(`${baseUrl}/connect_sessions`)} \\`,
    `  --user "$PATCHBAY_API_KEY:" \\`,
    `  --json ${shellQuote(JSON.stringify(body(connector)))}`,
  ].join("\n");

export const sessionTypeScript = (baseUrl: string, connector: string | null): string =>
  `// On your server: the API key must never reach a browser.
const response = await fetch(${jsonText(`${baseUrl}/connect_sessions`)}, {
  method: "POST",
  headers: {
    authorization: ${AUTHORIZATION},
    "content-type": "application/json",
  },
  body: JSON.stringify(${indented(jsonText(body(connector)), "  ")}),
});
const { token } = await response.json();`;

export const elementHtml = (baseUrl: string): string =>
  `<script type="module" src="${attributeText(baseUrl)}/embed/patchbay-hub.js"></script>

<patchbay-hub token="SESSION_TOKEN" base-url="${attributeText(baseUrl)}"></patchbay-hub>

<script type="module">
  document.querySelector("patchbay-hub").addEventListener("success", (event) => {
    console.log("linked", event.detail.id, event.detail.provider);
  });
</script>`;
