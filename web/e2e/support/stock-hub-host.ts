/**
 * The host page of the stock Hub component, on its own origin.
 *
 * It serves a page with a published version of the component, as a custom element or in a React application. The page's
 * query sets its attributes. The page records the Hub's events in `window.hubEvents`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { escapeAttribute, serveOnLoopback } from "./loopback.ts";
import { HUB_VERSIONS, type HubForm, type HubVersion, hubScript } from "./stock-hub-bundles.ts";

/** The attributes of `<stackone-hub>` that the tests use. */
export interface HubAttributes {
  readonly token: string;
  readonly "base-url": string;
  readonly "account-id"?: string;
  readonly theme?: "light" | "dark";
}

/** A published version of the Hub, and how the page contains it. */
export interface HubKind {
  readonly version: HubVersion;
  readonly form: HubForm;
}

/** The newest custom element. */
const NEWEST: HubKind = { version: HUB_VERSIONS[0], form: "element" };

/** A running host server. */
export interface StockHubHost {
  /** The server's origin. */
  readonly origin: string;
  /** Returns the URL of the page with a Hub with these attributes; the newest custom element by default. */
  url(attributes: HubAttributes, kind?: HubKind): string;
  /** Stops the server. */
  stop(): Promise<void>;
}

/** Starts the host server on a free loopback port. */
export async function startStockHubHost(): Promise<StockHubHost> {
  const { origin, stop } = await serveOnLoopback((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://host");
    const [version, form, file] = url.pathname.slice(1).split("/") as [HubVersion, HubForm, string?];
    if (!HUB_VERSIONS.includes(version)) {
      response.writeHead(404).end();
    } else if (file === "hub.js") {
      hubScript(version, form).then(
        (script) => response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(script),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    } else {
      const body = form === "react" ? reactPage() : page(url.searchParams);
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(body);
    }
  });
  return {
    origin,
    url: (attributes, { version, form } = NEWEST) =>
      `${origin}/${version}/${form}/?${new URLSearchParams({ ...attributes })}`,
    stop,
  };
}

function reactPage(): string {
  return html('<div id="react-hub"></div>');
}

function page(query: URLSearchParams): string {
  const attributes = [...query].map(([name, value]) => `${name}="${escapeAttribute(value)}"`).join(" ");
  return html(`<stackone-hub mode="integration-picker" height="560px" ${attributes}></stackone-hub>
<script>
  window.hubEvents = [];
  for (const type of ["success", "close"]) {
    document.querySelector("stackone-hub").addEventListener(type, (event) => {
      window.hubEvents.push({ type, detail: event.detail ?? null });
    });
  }
</script>`);
}

/** Returns a page with a Hub, whose script is next to it. */
function html(hub: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Acme: your integrations</title>
<style>
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: #eef1f5; color: #1c2530 }
  main { max-width: 560px; margin: 0 auto; padding: 32px }
  h1 { font-size: 24px; margin: 0 0 16px }
</style>
</head>
<body>
<main>
<h1>Your integrations</h1>
${hub}
</main>
<script src="hub.js"></script>
</body>
</html>`;
}
