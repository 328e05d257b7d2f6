/**
 * The demo's calls to the server. In a real product, the product's backend creates the session with an API key; the
 * demo uses the dashboard's cookie instead, so that the page works immediately.
 */

import type { components, paths } from "@patchbay/web-shared/api.gen.ts";
import { createApi, dataOf } from "@patchbay/web-shared/client.ts";

export type Account = components["schemas"]["AccountV2"];

/** The customer who is logged in to the fictional product. */
export const OWNER = { id: "northwind-demo", name: "Northwind Contracts" } as const;

export interface DemoSession {
  loggedIn: boolean;
  /** The server's public URL. */
  publicUrl: string;
}

const api = createApi<paths>();

export async function loadSession(): Promise<DemoSession> {
  const session = await dataOf(api.GET("/auth/session"));
  return { loggedIn: session.signed_in, publicUrl: session.public_url };
}

/** Creates a connect session for the demo's customer, to link or edit an account, and returns its token. */
export async function createSession(accountId: string | null): Promise<string> {
  const body = {
    origin_owner_id: OWNER.id,
    origin_owner_name: OWNER.name,
    allowed_origins: [window.location.origin],
    type: "test" as const,
    ...(accountId === null ? {} : { account_id: accountId }),
  };
  const { token } = await dataOf(api.POST("/connect_sessions", { body }));
  if (!token) throw new Error("the server returned a session without a token");
  return token;
}

export async function linkedAccounts(): Promise<Account[]> {
  const query = { owner_id: [OWNER.id], page_size: 20 };
  return (await dataOf(api.GET("/v2/accounts", { params: { query } }))).data;
}
