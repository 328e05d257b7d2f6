/** Linking by signing in at a provider: in a window, by a link when windows are blocked, refused, and again. */
import type { Page } from "@playwright/test";
import { type Adversary, CLIENT, startAdversary } from "../adversary/provider.ts";
import { Api } from "../support/api.ts";
import { expectAccessible } from "../support/axe.ts";
import { test as base, expect } from "../support/fixtures.ts";
import { Operator } from "../support/operator.ts";
import { OwnHub } from "../support/own-hub.ts";
import { fixturePath } from "../support/paths.ts";
import { type Server, startServer } from "../support/server.ts";

/** A server with the provider's connector, the provider, and a profile with its app. */
const test = base.extend<object, { place: { server: Server; provider: Adversary } }>({
  place: [
    async ({ serverBinary }, use) => {
      const connectors = fixturePath("connectors");
      const options = ["--connectors", connectors, "--egress-allow", "127.0.0.1/32"];
      const server = await startServer(serverBinary, options);
      const provider = await startAdversary(`${server.url}/connect/oauth2/anchor/callback`);
      await new Operator(server).call("POST", "/auth_configs", 201, {
        connector_key: "anchor",
        name: "Our app",
        default: true,
        setup_information: { site: provider.url, clientId: CLIENT.id, clientSecret: CLIENT.secret },
      });
      await use({ server, provider });
      await provider.stop();
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
});

/** Signs in on the provider's own pages, and consents. */
async function signInAt(page: Page, user: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(user);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

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
  await page.addInitScript(() => {
    window.open = () => null;
  });
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
  const popup = await opened;
  await popup.getByPlaceholder("Enter any login").fill("eve");
  await popup.getByPlaceholder("and password").fill("any");
  await popup.getByRole("button", { name: "Sign-in" }).click();
  await popup.getByRole("link", { name: /Cancel/ }).click();
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
  await (await opened).getByRole("button", { name: "Continue" }).click();
  await expect(hub.heading(/connected|saved/i)).toBeVisible();
  const after = await api.accounts("Again Ltd");
  expect(after.map(({ id: same, status }) => [same, status])).toEqual([[id, "active"]]);
  expect((await api.run(id, "anchor_get_me")).status).toBe(200);
});

test("in this tab when windows are blocked, and the landing page says that it is done", async ({
  place,
  page,
}) => {
  await page.addInitScript(() => {
    window.open = () => null;
  });
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

test("the stock Hub links by the same window", async ({ place, host, hub }) => {
  const { server } = place;
  const { token } = await new Operator(server).session("Stock Ltd", { provider: "anchor" });
  await hub.open(host, { token, "base-url": server.url });
  const opened = hub.page.waitForEvent("popup");
  await hub.connect.click();
  await signInAt(await opened, "gil");
  await expect(hub.success).toBeVisible();
  const [account] = await new Api(server).accounts("Stock Ltd");
  expect((await new Api(server).run(account?.id ?? "", "anchor_get_me")).body.data.sub).toBe("gil");
});
