/**
 * The host page of the stock Hub component, on its own origin.
 *
 * It serves the component's unchanged bundle from `node_modules`, and a page whose query sets the element's attributes.
 * The page records the element's events in `window.hubEvents`.
 */
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { serveOnLoopback } from "./loopback.ts";
import { stockHubPath } from "./paths.ts";

/** The attributes of `<stackone-hub>` that the tests use. */
export interface HubAttributes {
  readonly token: string;
  readonly "base-url": string;
  readonly "account-id"?: string;
  readonly theme?: "light" | "dark";
}

/** A running host server. */
export interface StockHubHost {
  /** The server's origin. */
  readonly origin: string;
  /** Returns the URL of the page with a Hub with these attributes. */
  url(attributes: HubAttributes): string;
  /** Stops the server. */
  stop(): Promise<void>;
}

/** Starts the host server on a free loopback port. */
export async function startStockHubHost(): Promise<StockHubHost> {
  const bundle = await readFile(stockHubPath());
  const { origin, stop } = await serveOnLoopback((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://host");
    if (url.pathname === "/webcomponent.js") {
      response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(bundle);
    } else if (url.pathname === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page(url.searchParams));
    } else {
      response.writeHead(404).end();
    }
  });
  return {
    origin,
    url: (attributes) => `${origin}/?${new URLSearchParams({ ...attributes })}`,
    stop,
  };
}

function page(query: URLSearchParams): string {
  const attributes = [...query].map(([name, value]) => `${name}="${escapeAttribute(value)}"`).join(" ");
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
<stackone-hub mode="integration-picker" height="560px" ${attributes}></stackone-hub>
</main>
<script>
  window.hubEvents = [];
  for (const type of ["success", "close"]) {
    document.querySelector("stackone-hub").addEventListener(type, (event) => {
      window.hubEvents.push({ type, detail: event.detail ?? null });
    });
  }
</script>
<script src="/webcomponent.js"></script>
</body>
</html>`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
