/** Linking a SpotDraft account in the Hub by auth link. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/hub-fixtures.ts";
import { HubPage } from "../support/hub-page.ts";
import { takeScreenshot } from "../support/screenshots.ts";
import { SANDBOX } from "../support/server.ts";

test("an auth link links an account that can run an action", async ({ api, operator, page }) => {
  const owner = "Own Page Ltd";
  const { link, token } = await operator.session(owner);
  await page.goto(link);
  const hub = new HubPage(page);

  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
  expect(page.url(), "the token is removed from the address bar").not.toContain(token);
  await expect(page.getByRole("heading", { name: "Generate API credentials" })).toBeVisible();
  await expect(hub.field("Client Secret")).toHaveAttribute("type", "password");
  await takeScreenshot(page, "hub-form", { height: 860 });

  await hub.submit();
  await expect(hub.connected).toBeVisible();
  await expectAccessible(page);
  await takeScreenshot(page, "hub-success", { height: 480 });

  const [account, ...others] = await api.accounts(owner);
  expect(others).toEqual([]);
  expect(account).toMatchObject({ provider: "spotdraft", status: "active", origin_owner_name: owner });
  const run = await api.run(account?.id ?? "", "spotdraft_list_contract_types");
  expect(run.status, JSON.stringify(run.body)).toBe(200);
});

test("a button fills in the sandbox's credentials", async ({ api, operator, page }) => {
  const owner = "Just Looking";
  await page.goto((await operator.session(owner)).link);
  const hub = new HubPage(page);
  await hub.button("Fill in credentials").click();
  await expect(hub.field("Client ID")).toHaveValue(SANDBOX.clientId);
  await expect(hub.field("Client Secret")).toHaveValue(SANDBOX.clientSecret);
  await hub.connect.click();
  await expect(hub.connected).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("empty required fields are reported before a request is sent", async ({
  api,
  operator,
  page,
  traffic,
}) => {
  const owner = "Nothing Typed";
  await page.goto((await operator.session(owner)).link);
  const hub = new HubPage(page);
  await hub.connect.click();
  await expect(hub.field("Client ID")).toBeFocused();
  await expect(hub.field("Client ID")).toHaveAttribute("aria-invalid", "true");
  await expect(hub.field("Client Secret")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  expect(traffic.sent.filter((request) => request.method() === "POST")).toEqual([]);
  expect(await api.accounts(owner)).toEqual([]);
});

test("a wrong secret shows the provider's message, links nothing, and can be corrected", async ({
  api,
  operator,
  page,
  server,
}) => {
  const owner = "Typing Error";
  const wrong = "not-the-secret-81fe";
  await page.goto((await operator.session(owner)).link);
  const hub = new HubPage(page);
  const responded = page.waitForResponse(
    (response) => response.url() === `${server.url}/hub/accounts` && response.request().method() === "POST",
  );
  await hub.submit(wrong);
  const error = await (await responded).json();

  const alert = page.getByRole("alert");
  await expect(alert).toContainText(error.message);
  await alert.getByText("Provider response").click();
  const providerResponse = JSON.parse(error.provider_response);
  for (const text of Object.values(providerResponse).filter((value) => typeof value === "string")) {
    await expect(alert).toContainText(text);
  }
  await expectAccessible(page);
  await takeScreenshot(page, "hub-rejected", { height: 940 });
  expect(await api.accounts(owner)).toEqual([]);
  expect(server.log()).not.toContain(wrong);

  // The form keeps its values, so only one field must be corrected.
  await expect(hub.field("Client ID")).toHaveValue(SANDBOX.clientId);
  await hub.field("Client Secret").fill(SANDBOX.clientSecret);
  await hub.connect.click();
  await expect(hub.connected).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("the secret is sent only once, in a request body, to Patchbay", async ({
  operator,
  page,
  server,
  traffic,
}) => {
  const { link } = await operator.session("Discreet Ltd");
  await page.goto(link);
  const hub = new HubPage(page);
  await hub.submit();
  await expect(hub.connected).toBeVisible();
  const requests = await traffic.requestsContaining(SANDBOX.clientSecret);
  expect(requests.map((request) => `${request.method()} ${request.url()}`)).toEqual([
    `POST ${server.url}/hub/accounts`,
  ]);
  expect(traffic.blocked).toEqual([]);
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(stored).not.toContain(SANDBOX.clientSecret);
});

test("with several connectors, the user can search, choose and go back", async ({ api, operator, page }) => {
  const owner = "Many Choices";
  await operator.withSecondProfile("Legal team", async () => {
    await page.goto((await operator.session(owner, { provider: null })).link);
    const hub = new HubPage(page);
    await expect(hub.heading("Connect an account")).toBeVisible();
    await expectAccessible(page);
    const rows = page.getByRole("listitem");
    expect(await rows.count()).toBeGreaterThan(1);

    await page.getByRole("searchbox").fill("no such connector");
    await expect(page.getByText("No connectors found").first()).toBeVisible();
    await expectAccessible(page);
    await hub.button("Show all connectors").click();
    await page.getByRole("searchbox").fill("spot");
    await rows.getByRole("button").first().click();
    await expect(hub.heading("Connect SpotDraft")).toBeVisible();
    await hub.button("Back to connectors").click();
    await rows.getByRole("button").first().click();
    await hub.submit();
    await expect(hub.connected).toBeVisible();
    expect(await api.accounts(owner)).toHaveLength(1);
  });
});
