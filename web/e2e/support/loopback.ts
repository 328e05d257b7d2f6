/** A server of the tests' own, on a free loopback port. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A running server. */
export interface Loopback {
  /** Its origin. */
  readonly origin: string;
  /** Stops it, also what it is answering. */
  stop(): Promise<void>;
}

/** Starts a server. */
export async function serveOnLoopback(answer: RequestListener): Promise<Loopback> {
  const server = createServer(answer);
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
