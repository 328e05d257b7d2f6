/**
 * The customer-facing product that says whose browser has signed in at a provider: it knows by its own log-in, which
 * is a cookie here, as any product's is.
 */
import { serveOnLoopback } from "./loopback.ts";
import type { Server } from "./server.ts";

/** A running product. */
export interface Product {
  readonly origin: string;
  /** The `confirm_url` of its connect sessions. */
  readonly confirmUrl: string;
  /** The cookie of its own log-in, of a customer's id. */
  loggedIn(ownerId: string): { name: string; value: string; url: string };
  stop(): Promise<void>;
}

const COOKIE = "product_user";

/** Starts it, with a key of the server's in its backend. */
export async function startProduct(server: Server): Promise<Product> {
  const { origin, stop } = await serveOnLoopback(async (request, response) => {
    const confirmation = new URL(request.url ?? "/", "http://product").searchParams.get("confirmation");
    const who = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? "")?.[1] ?? "";
    const answer = await fetch(`${server.url}/connect_sessions/confirm`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${server.apiKey}:`).toString("base64")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ confirmation, origin_owner_id: who }),
    });
    const body = await answer.json();
    if (answer.ok) response.writeHead(303, { location: body.redirect_uri }).end();
    else response.writeHead(403, { "content-type": "text/plain" }).end("This is not your link.");
  });
  return {
    origin,
    confirmUrl: `${origin}/integrations/confirm`,
    loggedIn: (ownerId) => ({ name: COOKIE, value: ownerId, url: origin }),
    stop,
  };
}
