/** A product's page, on its own origin, that frames an auth link without the element and records what the frame posts. */
import type { Page } from "@playwright/test";
import { escapeAttribute, serveOnLoopback } from "./loopback.ts";

/** A message that the page received. */
export interface ReceivedMessage {
  readonly data: unknown;
  /** The sender's origin. */
  readonly origin: string;
  /** Whether the framed page sent it. */
  readonly isFromFrame: boolean;
}

/** A running host server. */
export interface FrameHost {
  readonly origin: string;
  /** Returns the URL of the page that frames another URL. */
  url(framed: string): string;
  stop(): Promise<void>;
}

const SCRIPT = `
window.received = [];
addEventListener("message", ({ data, origin, source }) => {
  const isFromFrame = source === document.querySelector("iframe").contentWindow;
  window.received.push({ data, origin, isFromFrame });
});
`;

/** Starts the host server on a free loopback port. */
export async function startFrameHost(): Promise<FrameHost> {
  const { origin, stop } = await serveOnLoopback((request, response) => {
    const url = new URL(request.url ?? "/", "http://host");
    if (url.pathname === "/host.js") {
      response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(SCRIPT);
      return;
    }
    const framed = escapeAttribute(url.searchParams.get("framed") ?? "");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Acme</title><link rel="icon" href="data:,"><script src="/host.js"></script></head>
<body><h1>Acme</h1><iframe title="Connect" src="${framed}" width="1000" height="800"></iframe></body>
</html>`);
  });
  return { origin, url: (framed) => `${origin}/?${new URLSearchParams({ framed })}`, stop };
}

/** Returns the messages that the page has received. */
export const receivedBy = (page: Page): Promise<ReceivedMessage[]> =>
  page.evaluate(() => (window as unknown as { received: ReceivedMessage[] }).received);
