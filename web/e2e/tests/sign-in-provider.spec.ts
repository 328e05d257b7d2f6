/** Linking by signing in at a provider: in a window, by a link when windows are blocked, refused, and again. */
import type { Page } from "@playwright/test";
import { CLIENT } from "../adversary/provider.ts";
import { Api } from "../support/api.ts";
import { expectAccessible } from "../support/axe.ts";
import { Operator } from "../support/operator.ts";
import { OwnHub } from "../support/own-hub.ts";
import type { Server } from "../support/server.ts";
import { blockWindows, consentAt, expect, refuseAt, signInAt, test } from "../support/sign-in-place.ts";

async function openHub(page: Page, server: Server, owner: string, accountId?: string): Promise<OwnHub> {
  const options = { provider: "anchor", ...(accountId === undefined ? {} : { accountId }) };
  const { link } = await new Operator(server).session(owner, options);
  await page.goto(link);
  return new OwnHub(page);
}

test("a window opens in the click, and its end is told to the Hub", async ({ place, page }) => {
  const { server } = place;
  const hub = await openHub(page, server, "Window Ltd");
  await expect(hub.heading("Connect Anchor")).toBeVisible();
  await expectAccessible(page);
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await signInAt(popup, "ada");
  await expect(hub.heading("Anchor is connected")).toBeVisible();
  if (!popup.isClosed()) await popup.waitForEvent("close");
  await expectAccessible(page);
  const [account] = await new Api(server).accounts("Window Ltd");
  const answer = await new Api(server).run(account?.id ?? "", "anchor_get_me");
  expect(answer.body.data.sub).toBe("ada");
  expect(server.log()).not.toContain(CLIENT.secret);
  expect(await page.content()).not.toContain(CLIENT.secret);
});

test("where windows are blocked, a link leads there", async ({ place, page, context }) => {
  await blockWindows(page);
  const hub = await openHub(page, place.server, "Blocked Ltd");
  await hub.connect.click();
  const link = page.getByRole("link", { name: "Open Anchor" });
  await expect(link).toBeVisible();
  await expectAccessible(page);
  const opened = context.waitForEvent("page");
  await link.click();
  await signInAt(await opened, "bob");
  await expect(hub.heading("Anchor is connected")).toBeVisible();
});

test("what was not allowed leads back to the form with the reason", async ({ place, page }) => {
  const hub = await openHub(page, place.server, "Denied Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await refuseAt(await opened, "eve");
  await expect(page.getByRole("alert")).toContainText("access was not granted");
  await expectAccessible(page);
  expect(await new Api(place.server).accounts("Denied Ltd")).toEqual([]);
  await expect(hub.connect).toBeEnabled();
});

test("a window that was closed is given up by hand, and links nothing", async ({ place, page }) => {
  const hub = await openHub(page, place.server, "Closed Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await (await opened).close();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(hub.connect).toBeEnabled();
  expect(await new Api(place.server).accounts("Closed Ltd")).toEqual([]);
});

test("an account that the provider gave up is linked again and stays the same", async ({ place, page }) => {
  const { server, provider } = place;
  const api = new Api(server);
  let hub = await openHub(page, server, "Again Ltd");
  let opened = page.waitForEvent("popup");
  await hub.connect.click();
  await signInAt(await opened, "cyd");
  await expect(hub.heading("Anchor is connected")).toBeVisible();
  const [account] = await api.accounts("Again Ltd");
  const id = account?.id ?? "";
  provider.revokeAll();
  expect((await api.run(id, "anchor_get_me")).status).toBe(412);
  expect((await api.accounts("Again Ltd"))[0]?.status).toBe("error");

  hub = await openHub(page, server, "Again Ltd", id);
  opened = page.waitForEvent("popup");
  await hub.button(/Connect|Save/).click();
  // The provider remembers who it is, and asks for consent again.
  await consentAt(await opened);
  await expect(hub.heading(/connected|saved/i)).toBeVisible();
  const after = await api.accounts("Again Ltd");
  expect(after.map(({ id: same, status }) => [same, status])).toEqual([[id, "active"]]);
  expect((await api.run(id, "anchor_get_me")).status).toBe(200);
});

test("in this tab when windows are blocked, and the landing page says that it is done", async ({
  place,
  page,
}) => {
  await blockWindows(page);
  const hub = await openHub(page, place.server, "Tab Ltd");
  await hub.connect.click();
  await hub.button("Go there in this tab").click();
  await signInAt(page, "fay");
  await expect(page.getByRole("heading", { name: "Done" })).toBeVisible();
  await expectAccessible(page);
  expect(await new Api(place.server).accounts("Tab Ltd")).toHaveLength(1);
});

test("another browser than the one that began does not finish", async ({ place, page, context }) => {
  const hub = await openHub(page, place.server, "Fixed Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await popup.getByPlaceholder("Enter any login").waitFor();
  // What another browser would come with: the provider's answer, and no cookie of ours.
  await context.clearCookies({ name: /patchbay_sign_in/ });
  await signInAt(popup, "dan");
  await expect(page.getByRole("alert")).toContainText("another browser");
  expect(await new Api(place.server).accounts("Fixed Ltd")).toEqual([]);
});

test("a provider that cuts the tie to its window links all the same", async ({ place, page }) => {
  const { server, provider } = place;
  await provider.whileAloof(async () => {
    const hub = await openHub(page, server, "Aloof Ltd");
    const opened = page.waitForEvent("popup");
    await hub.connect.click();
    const popup = await opened;
    await popup.getByPlaceholder("Enter any login").waitFor();
    // From here on the window looks closed to the Hub.
    await signInAt(popup, "hal");
    await expect(hub.heading("Anchor is connected")).toBeVisible();
  });
  expect(await new Api(server).accounts("Aloof Ltd")).toHaveLength(1);
});
