/**
 * An OpenID provider that we did not write: `oidc-provider`, certified software, with the pages that it brings
 * for signing in and consenting. Strict where our own simulator might share our mistakes.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

export const CLIENT = { id: "patchbay", secret: "canary-client-secret-83b1" } as const;

/** A running provider. */
export interface Adversary {
  readonly url: string;
  /** Takes everything back that it has granted, as an administrator does. */
  revokeAll(): void;
  /** Runs a piece of a test with pages that cut every tie to who opened them (Cross-Origin-Opener-Policy). */
  whileAloof(work: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it on a free port; browsers come back to `redirectUri` alone. */
export async function startAdversary(redirectUri: string): Promise<Adversary> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let since = 0;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    pkce: { required: () => true },
    scopes: ["openid", "offline_access"],
    // Tokens of before the administrator's change are of no worth.
    findAccount: (_, id, token) =>
      token !== undefined && "iat" in token && Number(token.iat) < since
        ? undefined
        : { accountId: id, claims: () => ({ sub: id }) },
    rotateRefreshToken: true,
    cookies: { keys: ["only a test's"] },
  });
  let aloof = false;
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (aloof) response.setHeader("cross-origin-opener-policy", "same-origin");
    answer(request, response);
  });
  return {
    url,
    revokeAll: () => {
      since = Math.floor(Date.now() / 1000) + 1;
    },
    whileAloof: async (work) => {
      aloof = true;
      try {
        await work();
      } finally {
        aloof = false;
      }
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
