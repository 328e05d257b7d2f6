/** The stock Hub, unchanged, linking by a sign-in at a provider: what goes well, and all that may not. */
import type { Page } from "@playwright/test";
import { Api } from "../support/api.ts";
import type { HostPage } from "../support/host-page.ts";
import type { StockHub } from "../support/hub.ts";
import { Operator } from "../support/operator.ts";
import {
  blockWindows,
  consentAt,
  expect,
  type Place,
  refuseAt,
  signInAt,
  test,
} from "../support/sign-in-place.ts";

/** Opens the Hub on a host page, for a new account or to link one again. */
async function open(hub: StockHub, host: HostPage, { server }: Place, owner: string, accountId?: string) {
  const again = accountId === undefined ? {} : { accountId };
  const { token } = await new Operator(server).session(owner, { provider: "anchor", ...again });
  await hub.open(host, {
    token,
    "base-url": server.url,
    ...(accountId === undefined ? {} : { "account-id": accountId }),
  });
}

/** Presses Connect and gives the window that opens. */
async function connect(hub: StockHub): Promise<Page> {
  const opened = hub.page.waitForEvent("popup");
  await hub.connect.click();
  return opened;
}

/** Whose account it is, by an action that runs on it. */
async function whose(place: Place, id: string): Promise<string> {
  return (await new Api(place.server).run(id, "anchor_get_me")).body.data.sub;
}

test("links by a window", async ({ place, host, hub }) => {
  await open(hub, host, place, "Stock Ltd");
  await signInAt(await connect(hub), "gil");
  await expect(hub.success).toBeVisible();
  const [account] = await new Api(place.server).accounts("Stock Ltd");
  expect(await whose(place, account?.id ?? "")).toBe("gil");
  expect(await hub.events()).toEqual([{ type: "success", detail: { id: account?.id, provider: "anchor" } }]);
});

test("links at a provider that cuts the tie to its window", async ({ place, host, hub }) => {
  await place.provider.whileAloof(async () => {
    await open(hub, host, place, "Stock Aloof Ltd");
    await signInAt(await connect(hub), "ida");
    await expect(hub.success).toBeVisible();
  });
  expect(await new Api(place.server).accounts("Stock Aloof Ltd")).toHaveLength(1);
});

test("tells what was not allowed, and tries again", async ({ place, host, hub }) => {
  await open(hub, host, place, "Stock Denied Ltd");
  await refuseAt(await connect(hub), "eve");
  await expect(hub.element.getByText("access was not granted at the provider")).toBeVisible();
  expect(await new Api(place.server).accounts("Stock Denied Ltd")).toEqual([]);
  expect(await hub.events()).toEqual([]);
  // The provider remembers who it is.
  await consentAt(await connect(hub));
  await expect(hub.success).toBeVisible();
});

test("says that windows are blocked, and links nothing", async ({ place, host, hub }) => {
  await blockWindows(hub.page);
  await open(hub, host, place, "Stock Blocked Ltd");
  const given = hub.page.waitForRequest(
    (request) => request.method() === "DELETE" && request.url().includes("/hub/connection_attempts/"),
  );
  await hub.connect.click();
  await expect(hub.element.getByText("Your browser blocked the login popup")).toBeVisible();
  expect((await (await given).response())?.ok()).toBe(true);
  expect(await new Api(place.server).accounts("Stock Blocked Ltd")).toEqual([]);
});

test("a window that was closed links nothing", async ({ place, host, hub }) => {
  await open(hub, host, place, "Stock Closed Ltd");
  const popup = await connect(hub);
  await popup.getByPlaceholder("Enter any login").waitFor();
  await popup.close();
  // It asks once more when the window is gone, and goes on waiting: a closed window proves nothing.
  const asked = await hub.page.waitForResponse((response) =>
    response.url().includes("/hub/connection_attempts/"),
  );
  expect(await asked.json()).toMatchObject({ status: "pending", account: null });
  expect(await new Api(place.server).accounts("Stock Closed Ltd")).toEqual([]);
  expect(await hub.events()).toEqual([]);
});

test("an account that the provider gave up is linked again and stays the same", async ({
  place,
  host,
  hub,
}) => {
  const api = new Api(place.server);
  await open(hub, host, place, "Stock Again Ltd");
  await signInAt(await connect(hub), "jo");
  await expect(hub.success).toBeVisible();
  const [account] = await api.accounts("Stock Again Ltd");
  const id = account?.id ?? "";
  place.provider.revokeAll();
  expect((await api.run(id, "anchor_get_me")).status).toBe(412);

  await open(hub, host, place, "Stock Again Ltd", id);
  await consentAt(await connect(hub));
  await expect(hub.success).toBeVisible();
  const after = await api.accounts("Stock Again Ltd");
  expect(after.map(({ id: same, status }) => [same, status])).toEqual([[id, "active"]]);
  expect(await whose(place, id)).toBe("jo");
});
