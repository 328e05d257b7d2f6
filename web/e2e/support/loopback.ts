/** HTTP servers for tests on a free loopback port, and what their pages need. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A running server. */
export interface LoopbackServer {
  /** The server's origin. */
  readonly origin: string;
  /** Stops the server and closes all connections. */
  stop(): Promise<void>;
}

/** Escapes a text for an attribute of a page. */
export function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** Starts a server. */
export async function serveOnLoopback(handle: RequestListener): Promise<LoopbackServer> {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
