/**
 * What the demo asks of the server. In a real product the session is made by the product's own backend,
 * with an API key; here the dashboard's cookie stands in for it, so that the page can be tried at once.
 */

import type { components, paths } from "@patchbay/web-shared/api.gen.ts";
import { createApi, dataOf } from "@patchbay/web-shared/client.ts";

export type Account = components["schemas"]["AccountV2"];

/** The customer that the fictional product is signed in as. */
export const OWNER = { id: "northwind-demo", name: "Northwind Contracts" } as const;

export interface Visitor {
  signedIn: boolean;
  /** The server's address as the outside world knows it. */
  publicUrl: string;
}

const api = createApi<paths>();

export async function visitor(): Promise<Visitor> {
  const session = await dataOf(api.GET("/auth/session"));
  return { signedIn: session.signed_in, publicUrl: session.public_url };
}

/** A session for the demo's customer, to link an account or to edit one. */
export async function createSession(accountId: string | null): Promise<string> {
  const body = {
    origin_owner_id: OWNER.id,
    origin_owner_name: OWNER.name,
    allowed_origins: [window.location.origin],
    type: "test",
    ...(accountId === null ? {} : { account_id: accountId }),
  };
  const { token } = await dataOf(api.POST("/connect_sessions", { body }));
  if (!token) throw new Error("the server made a session without a token");
  return token;
}

export async function linkedAccounts(): Promise<Account[]> {
  const query = { owner_id: OWNER.id, page_size: 20 };
  return (await dataOf(api.GET("/v2/accounts", { params: { query } }))).data;
}
