/**
 * An OAuth 1.0a provider (RFC 5849). It verifies signatures with the independent library `oauth-1.0a`; its pages are
 * minimal.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import OAuth from "oauth-1.0a";

export const CONSUMER = { key: "patchbay", secret: "canary-consumer-secret-2b7d" } as const;

/** A running provider. */
export interface OAuth1Provider {
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

/** Returns the parameters of an `Authorization: OAuth` header. */
function oauthParametersOf(request: IncomingMessage): Pairs {
  const header = (request.headers.authorization ?? "").replace(/^OAuth /, "");
  const pairs = header.split(",").map((pair) => pair.trim().split("="));
  return Object.fromEntries(
    pairs.map(([name, value]) => [name ?? "", decodeURIComponent((value ?? "").replace(/"/g, ""))]),
  );
}

/** Returns whether the consumer signed the request with the token's secret. */
function isSigned(request: IncomingMessage, url: URL, token?: { key: string; secret: string }): boolean {
  const { oauth_signature: sent, ...signed } = oauthParametersOf(request);
  if (signed.oauth_consumer_key !== CONSUMER.key || signed.oauth_token !== token?.key) return false;
  const expected = signer.getSignature(
    { url: url.href, method: request.method ?? "GET", data: {} },
    token?.secret,
    signed as unknown as OAuth.Data,
  );
  const [a, b] = [Buffer.from(expected), Buffer.from(sent ?? "")];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Starts the provider on a free port. */
export async function startOAuth1Provider(): Promise<OAuth1Provider> {
  const handshakes = new Map<string, Handshake>();
  const tokens = new Map<string, string>();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const sendForm = (response: ServerResponse, pairs: Pairs): void => {
    response.setHeader("content-type", "application/x-www-form-urlencoded");
    response.end(new URLSearchParams(pairs).toString());
  };
  const reject = (response: ServerResponse, problem: string): void => {
    response.statusCode = 401;
    sendForm(response, { oauth_problem: problem });
  };
  const redirect = (response: ServerResponse, callback: string, pairs: Pairs): void => {
    const location = new URL(callback);
    for (const [name, value] of Object.entries(pairs)) location.searchParams.append(name, value);
    response.writeHead(302, { location: location.href }).end();
  };

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse, url: URL) => void> = {
    "/request_token": (request, response, url) => {
      if (!isSigned(request, url)) return reject(response, "signature_invalid");
      const [token, secret] = [randomUUID(), randomUUID()];
      const callback = oauthParametersOf(request).oauth_callback ?? "";
      handshakes.set(token, { secret, callback, isUsed: false });
      sendForm(response, {
        oauth_token: token,
        oauth_token_secret: secret,
        oauth_callback_confirmed: "true",
      });
    },
    "/authorize": (_, response, url) => {
      const token = url.searchParams.get("oauth_token") ?? "";
      const handshake = handshakes.get(token);
      if (handshake === undefined) return reject(response, "token_rejected");
      const decision = url.searchParams.get("decision");
      if (decision === "allow") {
        handshake.verifier = randomUUID();
        return redirect(response, handshake.callback, {
          oauth_token: token,
          oauth_verifier: handshake.verifier,
        });
      }
      if (decision === "deny") return redirect(response, handshake.callback, { denied: token });
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(
        "<!doctype html><html lang=en><title>Example OAuth1</title><main><h1>Allow access?</h1><form>" +
          `<input type=hidden name=oauth_token value="${token}">` +
          "<button name=decision value=allow>Allow</button> <button name=decision value=deny>Deny</button></form></main>",
      );
    },
    "/access_token": (request, response, url) => {
      const parameters = oauthParametersOf(request);
      const key = parameters.oauth_token ?? "";
      const handshake = handshakes.get(key);
      if (handshake === undefined || handshake.isUsed) return reject(response, "token_rejected");
      if (!isSigned(request, url, { key, secret: handshake.secret }))
        return reject(response, "signature_invalid");
      if (handshake.verifier === undefined || parameters.oauth_verifier !== handshake.verifier) {
        return reject(response, "verifier_invalid");
      }
      handshake.isUsed = true;
      const [token, secret] = [randomUUID(), randomUUID()];
      tokens.set(token, secret);
      sendForm(response, { oauth_token: token, oauth_token_secret: secret });
    },
    "/me": (request, response, url) => {
      const key = oauthParametersOf(request).oauth_token ?? "";
      const secret = tokens.get(key);
      if (secret === undefined) return reject(response, "token_rejected");
      if (!isSigned(request, url, { key, secret })) return reject(response, "signature_invalid");
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
