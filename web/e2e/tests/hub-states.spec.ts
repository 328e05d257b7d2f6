/** The Hub with expired sessions, disabled profiles, slow providers and unreachable servers. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/hub-fixtures.ts";
import { HubPage } from "../support/hub-page.ts";
import { SANDBOX } from "../support/server.ts";

test("an expired session shows a message", async ({ api, operator, page }) => {
  const { link, token } = await operator.session("Late Again", { expiresIn: 1 });
  await expect.poll(async () => (await api.hub(token, "/hub/settings")).status).toBe(401);
  await page.goto(link);
  await expect(new HubPage(page).heading("This link has expired")).toBeVisible();
  await expectAccessible(page);
});

for (const [state, query, heading] of [
  ["an invalid token", `?token=${"A".repeat(43)}`, "This link has expired"],
  ["no token", "", "This link is incomplete"],
] as const) {
  test(`${state} shows a message and no form`, async ({ page, server }) => {
    await page.goto(`${server.url}/embedded/integrations${query}`);
    await expect(new HubPage(page).heading(heading)).toBeVisible();
    await expect(page.getByRole("textbox")).toHaveCount(0);
    await expectAccessible(page);
  });
}

test("a session that expires while the form is open links nothing", async ({ api, operator, page }) => {
  const owner = "Long Lunch";
  const { link, token } = await operator.session(owner, { expiresIn: 8 });
  await page.goto(link);
  const hub = new HubPage(page);
  await expect(hub.field("Client ID")).toBeVisible();
  await expect
    .poll(async () => (await api.hub(token, "/hub/settings")).status, { timeout: 30_000 })
    .toBe(401);
  await hub.submit();
  await expect(hub.heading("This link has expired")).toBeVisible();
  expect(await api.accounts(owner)).toEqual([]);
});

test("a profile that is disabled while the form is open links nothing", async ({ api, operator, page }) => {
  const owner = "Unlucky Moment";
  await page.goto((await operator.session(owner)).link);
  const hub = new HubPage(page);
  await expect(hub.field("Client ID")).toBeVisible();
  await operator.whileDisabled(async () => {
    await hub.submit();
    await expect(hub.heading("SpotDraft is currently unavailable")).toBeVisible();
    await expectAccessible(page);
    expect(await api.accounts(owner)).toEqual([]);
  });
});

test("a slow provider shows a message after a while", async ({ api, operator, page }) => {
  const owner = "Patient Ltd";
  await page.clock.install();
  let respond = () => {};
  const held = new Promise<void>((resolve) => {
    respond = resolve;
  });
  await page.route("**/hub/accounts", async (route) => {
    await held;
    await route.fallback();
  });
  await page.goto((await operator.session(owner)).link);
  const hub = new HubPage(page);
  await hub.submit();
  await expect(hub.heading("Connecting to SpotDraft")).toBeVisible();
  const slowMessage = page.getByRole("main").getByText("is taking longer than usual");
  await expect(slowMessage).toHaveAttribute("aria-hidden", "true");
  await page.clock.fastForward(6_000);
  await expect(slowMessage).toHaveAttribute("aria-hidden", "false");
  await expectAccessible(page);
  respond();
  await expect(hub.connected).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("waiting can be canceled, and the form keeps its values", async ({ api, operator, page }) => {
  const owner = "Impatient Ltd";
  let respond = () => {};
  const held = new Promise<void>((resolve) => {
    respond = resolve;
  });
  await page.route("**/hub/accounts", async (route) => {
    await held;
    // The page has aborted this request.
    await route.abort().catch(() => {});
  });
  await page.goto((await operator.session(owner)).link);
  const hub = new HubPage(page);
  await hub.submit();
  await hub.button("Cancel").click();
  await expect(hub.field("Client ID")).toHaveValue(SANDBOX.clientId);
  respond();
  await page.unrouteAll({ behavior: "wait" });
  expect(await api.accounts(owner)).toEqual([]);
  await hub.connect.click();
  await expect(hub.connected).toBeVisible();
});

test("an unreachable server shows a message, and retrying works", async ({ operator, page }) => {
  await page.route("**/hub/settings", (route) => route.abort("connectionrefused"));
  await page.goto((await operator.session("Bad Cable")).link);
  const hub = new HubPage(page);
  await expect(hub.heading("No connection")).toBeVisible();
  await expectAccessible(page);
  await page.unroute("**/hub/settings");
  await hub.button("Try again").click();
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
});
