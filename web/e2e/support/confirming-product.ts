/**
 * A product that confirms which customer's browser completed an authorization. It identifies the customer by its own
 * login cookie.
 */
import { serveOnLoopback } from "./loopback.ts";
import type { Server } from "./server.ts";

/** A running product. */
export interface Product {
  readonly origin: string;
  /** The `confirm_url` of its connect sessions. */
  readonly confirmUrl: string;
  /** Returns the product's login cookie of a customer. */
  loginCookie(ownerId: string): { name: string; value: string; url: string };
  stop(): Promise<void>;
}

const COOKIE = "product_user";

/** Starts the product; its backend uses the server's API key. */
export async function startProduct(server: Server): Promise<Product> {
  const { origin, stop } = await serveOnLoopback(async (request, response) => {
    const confirmation = new URL(request.url ?? "/", "http://product").searchParams.get("confirmation");
    const ownerId = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? "")?.[1] ?? "";
    const confirmed = await fetch(`${server.url}/connect_sessions/confirm`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${server.apiKey}:`).toString("base64")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ confirmation, origin_owner_id: ownerId }),
    });
    const body = await confirmed.json();
    if (confirmed.ok) response.writeHead(303, { location: body.redirect_uri }).end();
    else response.writeHead(403, { "content-type": "text/plain" }).end("This is not your link.");
  });
  return {
    origin,
    confirmUrl: `${origin}/integrations/confirm`,
    loginCookie: (ownerId) => ({ name: COOKIE, value: ownerId, url: origin }),
    stop,
  };
}
