/** Linking an account by authorizing at an OAuth 2.0 provider: popup, blocked popup, denial and reconnecting. */
import type { Page } from "@playwright/test";
import { CLIENT } from "../providers/oidc.ts";
import { Api } from "../support/api.ts";
import { expectAccessible } from "../support/axe.ts";
import { HubPage } from "../support/hub-page.ts";
import { authorizeAt, blockPopups, consentAt, denyAt, expect, test } from "../support/oauth-fixtures.ts";
import { Operator } from "../support/operator.ts";
import type { Server } from "../support/server.ts";

async function openHub(page: Page, server: Server, owner: string, accountId?: string): Promise<HubPage> {
  const options = { provider: "oidc", ...(accountId === undefined ? {} : { accountId }) };
  const { link } = await new Operator(server).session(owner, options);
  await page.goto(link);
  return new HubPage(page);
}

test("authorizing in the popup links the account", async ({ oauth, page }) => {
  const { server } = oauth;
  const hub = await openHub(page, server, "Window Ltd");
  await expect(hub.heading("Connect Example OIDC")).toBeVisible();
  await expectAccessible(page);
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await authorizeAt(popup, "ada");
  await expect(hub.heading("Example OIDC is connected")).toBeVisible();
  if (!popup.isClosed()) await popup.waitForEvent("close");
  await expectAccessible(page);
  const [account] = await new Api(server).accounts("Window Ltd");
  const run = await new Api(server).run(account?.id ?? "", "oidc_get_me");
  expect(run.body.data.sub).toBe("ada");
  expect(server.log()).not.toContain(CLIENT.secret);
  expect(await page.content()).not.toContain(CLIENT.secret);
});

test("a link opens the provider if popups are blocked", async ({ oauth, page, context }) => {
  await blockPopups(page);
  const hub = await openHub(page, oauth.server, "Blocked Ltd");
  await hub.connect.click();
  const link = page.getByRole("link", { name: "Open Example OIDC" });
  await expect(link).toBeVisible();
  await expectAccessible(page);
  const opened = context.waitForEvent("page");
  await link.click();
  await authorizeAt(await opened, "bob");
  await expect(hub.heading("Example OIDC is connected")).toBeVisible();
});

test("denying access returns to the form with the reason", async ({ oauth, page }) => {
  const hub = await openHub(page, oauth.server, "Denied Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await denyAt(await opened, "eve");
  await expect(page.getByRole("alert")).toContainText(/access was not granted/i);
  await expectAccessible(page);
  expect(await new Api(oauth.server).accounts("Denied Ltd")).toEqual([]);
  await expect(hub.connect).toBeEnabled();
});

test("an attempt with a closed popup can be canceled and links nothing", async ({ oauth, page }) => {
  const hub = await openHub(page, oauth.server, "Closed Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await (await opened).close();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(hub.connect).toBeEnabled();
  expect(await new Api(oauth.server).accounts("Closed Ltd")).toEqual([]);
});

test("a revoked account is reconnected and keeps its ID", async ({ oauth, page }) => {
  const { server, provider } = oauth;
  const api = new Api(server);
  let hub = await openHub(page, server, "Again Ltd");
  let opened = page.waitForEvent("popup");
  await hub.connect.click();
  await authorizeAt(await opened, "cyd");
  await expect(hub.heading("Example OIDC is connected")).toBeVisible();
  const [account] = await api.accounts("Again Ltd");
  const id = account?.id ?? "";
  provider.revokeAll();
  expect((await api.run(id, "oidc_get_me")).status).toBe(412);
  expect((await api.accounts("Again Ltd"))[0]?.status).toBe("error");

  hub = await openHub(page, server, "Again Ltd", id);
  opened = page.waitForEvent("popup");
  await hub.button(/Connect|Save/).click();
  // The provider still has a session and asks only for consent.
  await consentAt(await opened);
  await expect(hub.heading(/connected|saved/i)).toBeVisible();
  const after = await api.accounts("Again Ltd");
  expect(after.map(({ id: same, status }) => [same, status])).toEqual([[id, "active"]]);
  expect((await api.run(id, "oidc_get_me")).status).toBe(200);
});

test("the authorization works in the same tab if popups are blocked", async ({ oauth, page }) => {
  await blockPopups(page);
  const hub = await openHub(page, oauth.server, "Tab Ltd");
  await hub.connect.click();
  await hub.button("Continue in this tab").click();
  await authorizeAt(page, "fay");
  await expect(page.getByRole("heading", { name: "Done" })).toBeVisible();
  await expectAccessible(page);
  expect(await new Api(oauth.server).accounts("Tab Ltd")).toHaveLength(1);
});

test("the authorization cannot be completed in another browser", async ({ oauth, page, context }) => {
  const hub = await openHub(page, oauth.server, "Fixed Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await popup.getByPlaceholder("Enter any login").waitFor();
  // Another browser would have the provider's response, but not our cookie.
  await context.clearCookies({ name: /patchbay_sign_in/ });
  await authorizeAt(popup, "dan");
  await expect(page.getByRole("alert")).toContainText("in the browser that started it");
  expect(await new Api(oauth.server).accounts("Fixed Ltd")).toEqual([]);
});

test("a provider that isolates its window from the opener can be linked", async ({ oauth, page }) => {
  const { server, provider } = oauth;
  await provider.withOpenerIsolation(async () => {
    const hub = await openHub(page, server, "Isolated Ltd");
    const opened = page.waitForEvent("popup");
    await hub.connect.click();
    const popup = await opened;
    await popup.getByPlaceholder("Enter any login").waitFor();
    // From here on, the window looks closed to the Hub.
    await authorizeAt(popup, "hal");
    await expect(hub.heading("Example OIDC is connected")).toBeVisible();
  });
  expect(await new Api(server).accounts("Isolated Ltd")).toHaveLength(1);
});
