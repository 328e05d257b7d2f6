/**
 * A provider that speaks OAuth 1.0a (RFC 5849). What it expects of a signature is made by `oauth-1.0a`, which we did
 * not write; its pages are of the plainest kind.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import OAuth from "oauth-1.0a";

export const CONSUMER = { key: "patchbay", secret: "canary-consumer-secret-2b7d" } as const;

/** A running provider. */
export interface OAuth1Adversary {
  readonly url: string;
  stop(): Promise<void>;
}

interface Handshake {
  readonly secret: string;
  readonly callback: string;
  verifier?: string;
  isUsed: boolean;
}

type Pairs = Record<string, string>;

const signer = new OAuth({
  consumer: CONSUMER,
  signature_method: "HMAC-SHA1",
  hash_function: (text, key) => createHmac("sha1", key).update(text).digest("base64"),
});

/** The parameters of an `Authorization: OAuth` header. */
function proofOf(request: IncomingMessage): Pairs {
  const header = (request.headers.authorization ?? "").replace(/^OAuth /, "");
  const pairs = header.split(",").map((pair) => pair.trim().split("="));
  return Object.fromEntries(
    pairs.map(([name, value]) => [name ?? "", decodeURIComponent((value ?? "").replace(/"/g, ""))]),
  );
}

/** Whether the consumer signed it, with this token's secret. */
function isSigned(request: IncomingMessage, url: URL, token?: { key: string; secret: string }): boolean {
  const { oauth_signature: sent, ...signed } = proofOf(request);
  if (signed["oauth_consumer_key"] !== CONSUMER.key || signed["oauth_token"] !== token?.key) return false;
  const expected = signer.getSignature(
    { url: url.href, method: request.method ?? "GET", data: {} },
    token?.secret,
    signed as unknown as OAuth.Data,
  );
  const [a, b] = [Buffer.from(expected), Buffer.from(sent ?? "")];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Starts it on a free port. */
export async function startOAuth1Adversary(): Promise<OAuth1Adversary> {
  const handshakes = new Map<string, Handshake>();
  const tokens = new Map<string, string>();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const form = (response: ServerResponse, pairs: Pairs): void => {
    response.setHeader("content-type", "application/x-www-form-urlencoded");
    response.end(new URLSearchParams(pairs).toString());
  };
  const refuse = (response: ServerResponse, problem: string): void => {
    response.statusCode = 401;
    form(response, { oauth_problem: problem });
  };
  const back = (response: ServerResponse, callback: string, pairs: Pairs): void => {
    const to = new URL(callback);
    for (const [name, value] of Object.entries(pairs)) to.searchParams.append(name, value);
    response.writeHead(302, { location: to.href }).end();
  };

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse, url: URL) => void> = {
    "/request_token": (request, response, url) => {
      if (!isSigned(request, url)) return refuse(response, "signature_invalid");
      const [token, secret] = [randomUUID(), randomUUID()];
      const callback = proofOf(request)["oauth_callback"] ?? "";
      handshakes.set(token, { secret, callback, isUsed: false });
      form(response, { oauth_token: token, oauth_token_secret: secret, oauth_callback_confirmed: "true" });
    },
    "/authorize": (_, response, url) => {
      const token = url.searchParams.get("oauth_token") ?? "";
      const handshake = handshakes.get(token);
      if (handshake === undefined) return refuse(response, "token_rejected");
      const decision = url.searchParams.get("decision");
      if (decision === "allow") {
        handshake.verifier = randomUUID();
        return back(response, handshake.callback, { oauth_token: token, oauth_verifier: handshake.verifier });
      }
      if (decision === "deny") return back(response, handshake.callback, { denied: token });
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(
        "<!doctype html><html lang=en><title>Jetty</title><main><h1>Allow access?</h1><form>" +
          `<input type=hidden name=oauth_token value="${token}">` +
          "<button name=decision value=allow>Allow</button> <button name=decision value=deny>Deny</button></form></main>",
      );
    },
    "/access_token": (request, response, url) => {
      const proof = proofOf(request);
      const key = proof["oauth_token"] ?? "";
      const handshake = handshakes.get(key);
      if (handshake === undefined || handshake.isUsed) return refuse(response, "token_rejected");
      if (!isSigned(request, url, { key, secret: handshake.secret }))
        return refuse(response, "signature_invalid");
      if (handshake.verifier === undefined || proof["oauth_verifier"] !== handshake.verifier) {
        return refuse(response, "verifier_invalid");
      }
      handshake.isUsed = true;
      const [token, secret] = [randomUUID(), randomUUID()];
      tokens.set(token, secret);
      form(response, { oauth_token: token, oauth_token_secret: secret });
    },
    "/me": (request, response, url) => {
      const key = proofOf(request)["oauth_token"] ?? "";
      const secret = tokens.get(key);
      if (secret === undefined) return refuse(response, "token_rejected");
      if (!isSigned(request, url, { key, secret })) return refuse(response, "signature_invalid");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ name: "Ada" }));
    },
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", base);
    const route = routes[url.pathname];
    if (route === undefined) response.writeHead(404).end();
    else route(request, response, url);
  });
  return {
    url: base,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
