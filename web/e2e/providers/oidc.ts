/**
 * An independent OpenID provider: `oidc-provider`, which is certified, with its own login and consent pages. It finds
 * mistakes that our simulator might share.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

export const CLIENT = { id: "patchbay", secret: "canary-client-secret-83b1" } as const;

/** A running provider. */
export interface OidcProvider {
  readonly url: string;
  /** Revokes all grants, as an administrator can. */
  revokeAll(): void;
  /** Runs part of a test with pages that isolate themselves from their opener (Cross-Origin-Opener-Policy). */
  withOpenerIsolation(work: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the provider on a free port with one allowed redirect URI. */
export async function startOidcProvider(redirectUri: string): Promise<OidcProvider> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let revokedBefore = 0;
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
    // Tokens issued before the revocation are invalid.
    findAccount: (_, id, token) =>
      token !== undefined && "iat" in token && Number(token.iat) < revokedBefore
        ? undefined
        : { accountId: id, claims: () => ({ sub: id }) },
    rotateRefreshToken: true,
    cookies: { keys: ["test-cookie-key"] },
  });
  let isIsolated = false;
  const handle = provider.callback();
  server.on("request", (request, response) => {
    if (isIsolated) response.setHeader("cross-origin-opener-policy", "same-origin");
    handle(request, response);
  });
  return {
    url,
    revokeAll: () => {
      revokedBefore = Math.floor(Date.now() / 1000) + 1;
    },
    withOpenerIsolation: async (work) => {
      isIsolated = true;
      try {
        await work();
      } finally {
        isIsolated = false;
      }
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
