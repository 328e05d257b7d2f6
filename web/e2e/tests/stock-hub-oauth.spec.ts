/** The unchanged stock Hub, linking an account by OAuth: success and failures. */
import type { Page } from "@playwright/test";
import { Api } from "../support/api.ts";
import {
  authorizeAt,
  blockPopups,
  consentAt,
  denyAt,
  expect,
  type OAuthEnvironment,
  test,
} from "../support/oauth-fixtures.ts";
import { Operator } from "../support/operator.ts";
import type { StockHub } from "../support/stock-hub.ts";
import type { StockHubHost } from "../support/stock-hub-host.ts";

/** Opens the Hub on a host page, to link a new account or reconnect one. */
async function open(
  hub: StockHub,
  host: StockHubHost,
  { server }: OAuthEnvironment,
  owner: string,
  accountId?: string,
) {
  const options = accountId === undefined ? {} : { accountId };
  const { token } = await new Operator(server).session(owner, { provider: "oidc", ...options });
  await hub.open(host, {
    token,
    "base-url": server.url,
    ...(accountId === undefined ? {} : { "account-id": accountId }),
  });
}

/** Presses Connect and returns the popup. */
async function connect(hub: StockHub): Promise<Page> {
  const opened = hub.page.waitForEvent("popup");
  await hub.connect.click();
  return opened;
}

/** Returns the user of an account at the provider, by running an action. */
async function userOf(oauth: OAuthEnvironment, id: string): Promise<string> {
  return (await new Api(oauth.server).run(id, "oidc_get_me")).body.data.sub;
}

test("authorizing in the popup links the account", async ({ oauth, host, hub }) => {
  await open(hub, host, oauth, "Stock Ltd");
  await authorizeAt(await connect(hub), "gil");
  await expect(hub.success).toBeVisible();
  const [account] = await new Api(oauth.server).accounts("Stock Ltd");
  expect(await userOf(oauth, account?.id ?? "")).toBe("gil");
  expect(await hub.events()).toEqual([{ type: "success", detail: { id: account?.id, provider: "oidc" } }]);
});

test("links at a provider that isolates its window from the opener", async ({ oauth, host, hub }) => {
  await oauth.provider.withOpenerIsolation(async () => {
    await open(hub, host, oauth, "Stock Isolated Ltd");
    await authorizeAt(await connect(hub), "ida");
    await expect(hub.success).toBeVisible();
  });
  expect(await new Api(oauth.server).accounts("Stock Isolated Ltd")).toHaveLength(1);
});

test("shows that access was denied, and can retry", async ({ oauth, host, hub }) => {
  await open(hub, host, oauth, "Stock Denied Ltd");
  await denyAt(await connect(hub), "eve");
  await expect(hub.element.getByText("access was not granted at the provider")).toBeVisible();
  expect(await new Api(oauth.server).accounts("Stock Denied Ltd")).toEqual([]);
  expect(await hub.events()).toEqual([]);
  // The provider still has a session.
  await consentAt(await connect(hub));
  await expect(hub.success).toBeVisible();
});

test("says that the popup was blocked, and links nothing", async ({ oauth, host, hub }) => {
  await blockPopups(hub.page);
  await open(hub, host, oauth, "Stock Blocked Ltd");
  const cancelled = hub.page.waitForRequest(
    (request) => request.method() === "DELETE" && request.url().includes("/hub/connection_attempts/"),
  );
  await hub.connect.click();
  await expect(hub.element.getByText("Your browser blocked the login popup")).toBeVisible();
  expect((await (await cancelled).response())?.ok()).toBe(true);
  expect(await new Api(oauth.server).accounts("Stock Blocked Ltd")).toEqual([]);
});

test("a closed popup links nothing", async ({ oauth, host, hub }) => {
  await open(hub, host, oauth, "Stock Closed Ltd");
  const popup = await connect(hub);
  await popup.getByPlaceholder("Enter any login").waitFor();
  await popup.close();
  // The Hub polls once more and keeps waiting, since a closed window proves nothing.
  const polled = await hub.page.waitForResponse((response) =>
    response.url().includes("/hub/connection_attempts/"),
  );
  expect(await polled.json()).toMatchObject({ status: "pending", account: null });
  expect(await new Api(oauth.server).accounts("Stock Closed Ltd")).toEqual([]);
  expect(await hub.events()).toEqual([]);
});

test("a revoked account is reconnected and keeps its ID", async ({ oauth, host, hub }) => {
  const api = new Api(oauth.server);
  await open(hub, host, oauth, "Stock Again Ltd");
  await authorizeAt(await connect(hub), "jo");
  await expect(hub.success).toBeVisible();
  const [account] = await api.accounts("Stock Again Ltd");
  const id = account?.id ?? "";
  oauth.provider.revokeAll();
  expect((await api.run(id, "oidc_get_me")).status).toBe(412);

  await open(hub, host, oauth, "Stock Again Ltd", id);
  await consentAt(await connect(hub));
  await expect(hub.success).toBeVisible();
  const after = await api.accounts("Stock Again Ltd");
  expect(after.map(({ id: same, status }) => [same, status])).toEqual([[id, "active"]]);
  expect(await userOf(oauth, id)).toBe("jo");
});
