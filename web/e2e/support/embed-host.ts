/**
 * A product's page with `<patchbay-hub>` on its own origin and with the strictest Content-Security-Policy that allows
 * the Hub. The page records every event of the element and every message that it receives.
 */
import { escapeAttribute, serveOnLoopback } from "./loopback.ts";

/** The recorded events and messages. */
export interface RecordedEvents {
  readonly events: { readonly type: string; readonly detail: unknown }[];
  readonly messages: unknown[];
}

/** A running host server. */
export interface EmbedHost {
  readonly origin: string;
  /** Returns the URL of the page with one element for each set of attributes. */
  url(...elements: Readonly<Record<string, string>>[]): string;
  stop(): Promise<void>;
}

const SCRIPT = `
window.recorded = { events: [], messages: [] };
addEventListener("message", ({ data }) => window.recorded.messages.push(data));
for (const type of ["ready", "success", "cancel", "close", "error"]) {
  document.addEventListener(type, (event) => {
    if (event.target.localName === "patchbay-hub") window.recorded.events.push({ type, detail: event.detail });
  });
}
`;

const STYLE = `
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: #eef1f5; color: #1c2530 }
main { max-width: 1000px; margin: 0 auto; padding: 24px }
h1 { font-size: 24px; margin: 0 0 16px }
patchbay-hub { margin-bottom: 16px; background: #fff }
`;

/** Starts the host server on a free loopback port, for elements of this Patchbay server. */
export async function startEmbedHost(patchbay: string): Promise<EmbedHost> {
  const policy =
    `default-src 'none'; script-src 'self' ${patchbay}; style-src 'self'; frame-src ${patchbay}; ` +
    "require-trusted-types-for 'script'";
  const { origin, stop } = await serveOnLoopback((request, response) => {
    const url = new URL(request.url ?? "/", "http://host");
    if (url.pathname === "/host.js") {
      response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(SCRIPT);
    } else if (url.pathname === "/host.css") {
      response.writeHead(200, { "content-type": "text/css; charset=utf-8" }).end(STYLE);
    } else if (url.pathname === "/") {
      response
        .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy })
        .end(page(patchbay, JSON.parse(url.searchParams.get("elements") ?? "[]")));
    } else {
      response.writeHead(404).end();
    }
  });
  return {
    origin,
    url: (...elements) => `${origin}/?${new URLSearchParams({ elements: JSON.stringify(elements) })}`,
    stop,
  };
}

function page(patchbay: string, elements: Record<string, string>[]): string {
  const tags = elements.map((attributes) => {
    const pairs = Object.entries(attributes).map(([name, value]) => `${name}="${escapeAttribute(value)}"`);
    return `<patchbay-hub ${pairs.join(" ")}></patchbay-hub>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Acme: your integrations</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/host.css">
<script src="/host.js"></script>
<script type="module" src="${patchbay}/embed/patchbay-hub.js"></script>
</head>
<body>
<main>
<h1>Your integrations</h1>
${tags.join("\n")}
</main>
</body>
</html>`;
}
