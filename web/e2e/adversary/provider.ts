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
  server.on("request", provider.callback());
  return {
    url,
    revokeAll: () => {
      since = Math.floor(Date.now() / 1000) + 1;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
