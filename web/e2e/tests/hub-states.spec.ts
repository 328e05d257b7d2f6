/** Our own Hub when things are not as they should be: sessions that are over, a profile switched off, a slow provider. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/own-fixtures.ts";
import { OwnHub } from "../support/own-hub.ts";
import { SANDBOX } from "../support/server.ts";

test("an expired session says so", async ({ api, operator, page }) => {
  const { link, token } = await operator.session("Late Again", { expiresIn: 1 });
  await expect.poll(async () => (await api.hub(token, "/hub/settings")).status).toBe(401);
  await page.goto(link);
  await expect(new OwnHub(page).heading("This link has expired")).toBeVisible();
  await expectAccessible(page);
});

for (const [what, query, heading] of [
  ["an invented token", `?token=${"A".repeat(43)}`, "This link has expired"],
  ["no token", "", "This link is not complete"],
] as const) {
  test(`${what} offers nothing`, async ({ page, server }) => {
    await page.goto(`${server.url}/embedded/integrations${query}`);
    await expect(new OwnHub(page).heading(heading)).toBeVisible();
    await expect(page.getByRole("textbox")).toHaveCount(0);
    await expectAccessible(page);
  });
}

test("a session that ends while the form is open links nothing", async ({ api, operator, page }) => {
  const owner = "Long Lunch";
  const { link, token } = await operator.session(owner, { expiresIn: 8 });
  await page.goto(link);
  const hub = new OwnHub(page);
  await expect(hub.field("Client ID")).toBeVisible();
  await expect
    .poll(async () => (await api.hub(token, "/hub/settings")).status, { timeout: 30_000 })
    .toBe(401);
  await hub.submit();
  await expect(hub.heading("This link has expired")).toBeVisible();
  expect(await api.accounts(owner)).toEqual([]);
});

test("a profile that is switched off while the form is open links nothing", async ({
  api,
  operator,
  page,
}) => {
  const owner = "Unlucky Moment";
  await page.goto((await operator.session(owner)).link);
  const hub = new OwnHub(page);
  await expect(hub.field("Client ID")).toBeVisible();
  await operator.whileDisabled(async () => {
    await hub.submit();
    await expect(hub.heading("SpotDraft is not available at the moment")).toBeVisible();
    await expectAccessible(page);
    expect(await api.accounts(owner)).toEqual([]);
  });
});

test("a slow provider is waited for, with a word about it", async ({ api, operator, page }) => {
  const owner = "Patient Ltd";
  await page.clock.install();
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route("**/hub/accounts", async (route) => {
    await held;
    await route.fallback();
  });
  await page.goto((await operator.session(owner)).link);
  const hub = new OwnHub(page);
  await hub.submit();
  await expect(hub.heading("Connecting to SpotDraft")).toBeVisible();
  const word = page.getByRole("main").getByText("is taking longer than usual");
  await expect(word).toHaveAttribute("aria-hidden", "true");
  await page.clock.fastForward(6_000);
  await expect(word).toHaveAttribute("aria-hidden", "false");
  await expectAccessible(page);
  answer();
  await expect(hub.connected).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("waiting can be given up, and what was typed is still there", async ({ api, operator, page }) => {
  const owner = "Impatient Ltd";
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route("**/hub/accounts", async (route) => {
    await held;
    // The page has given this request up.
    await route.abort().catch(() => {});
  });
  await page.goto((await operator.session(owner)).link);
  const hub = new OwnHub(page);
  await hub.submit();
  await hub.button("Cancel").click();
  await expect(hub.field("Client ID")).toHaveValue(SANDBOX.clientId);
  answer();
  await page.unrouteAll({ behavior: "wait" });
  expect(await api.accounts(owner)).toEqual([]);
  await hub.connect.click();
  await expect(hub.connected).toBeVisible();
});

test("a server that is away is said to be, and trying again goes on", async ({ operator, page }) => {
  await page.route("**/hub/settings", (route) => route.abort("connectionrefused"));
  await page.goto((await operator.session("Bad Cable")).link);
  const hub = new OwnHub(page);
  await expect(hub.heading("No connection")).toBeVisible();
  await expectAccessible(page);
  await page.unroute("**/hub/settings");
  await hub.button("Try again").click();
  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
});
