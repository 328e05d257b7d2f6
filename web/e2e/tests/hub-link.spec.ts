/** Linking SpotDraft with our own Hub on its own page: behind an auth link, from the form to an action. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/own-fixtures.ts";
import { OwnHub } from "../support/own-hub.ts";
import { picture } from "../support/pictures.ts";
import { SANDBOX } from "../support/server.ts";

test("an auth link leads from the form to an account that runs an action", async ({
  api,
  operator,
  page,
}) => {
  const owner = "Own Page Ltd";
  const { link, token } = await operator.session(owner);
  await page.goto(link);
  const hub = new OwnHub(page);

  await expect(hub.heading("Connect SpotDraft")).toBeVisible();
  expect(page.url(), "the token leaves the address bar").not.toContain(token);
  await expect(page.getByRole("heading", { name: "Generate API credentials" })).toBeVisible();
  await expect(hub.field("Client Secret")).toHaveAttribute("type", "password");
  await picture(page, "hub-form");

  await hub.submit();
  await expect(hub.connected).toBeVisible();
  await expectAccessible(page);
  await picture(page, "hub-success");

  const [account, ...others] = await api.accounts(owner);
  expect(others).toEqual([]);
  expect(account).toMatchObject({ provider: "spotdraft", status: "active", origin_owner_name: owner });
  const answer = await api.run(account?.id ?? "", "spotdraft_list_contract_types");
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
});

test("the sandbox's credentials fill themselves in", async ({ api, operator, page }) => {
  const owner = "Just Looking";
  await page.goto((await operator.session(owner)).link);
  const hub = new OwnHub(page);
  await hub.button("Fill in").click();
  await expect(hub.field("Client ID")).toHaveValue(SANDBOX.clientId);
  await expect(hub.field("Client Secret")).toHaveValue(SANDBOX.clientSecret);
  await hub.connect.click();
  await expect(hub.connected).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("empty fields are named before anything is sent", async ({ api, operator, page, traffic }) => {
  const owner = "Nothing Typed";
  await page.goto((await operator.session(owner)).link);
  const hub = new OwnHub(page);
  await hub.connect.click();
  await expect(hub.field("Client ID")).toBeFocused();
  await expect(hub.field("Client ID")).toHaveAttribute("aria-invalid", "true");
  await expect(hub.field("Client Secret")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  expect(traffic.sent.filter((request) => request.method() === "POST")).toEqual([]);
  expect(await api.accounts(owner)).toEqual([]);
});

test("a wrong secret shows the provider's message, links nothing, and can be mended", async ({
  api,
  operator,
  page,
  server,
}) => {
  const owner = "Typing Error";
  const wrong = "not-the-secret-81fe";
  await page.goto((await operator.session(owner)).link);
  const hub = new OwnHub(page);
  const answered = page.waitForResponse(
    (response) => response.url() === `${server.url}/hub/accounts` && response.request().method() === "POST",
  );
  await hub.submit(wrong);
  const error = await (await answered).json();

  const alert = page.getByRole("alert");
  await expect(alert).toContainText(error.message);
  await alert.getByText("What the provider answered").click();
  const said = JSON.parse(error.provider_response);
  for (const text of Object.values(said).filter((value) => typeof value === "string")) {
    await expect(alert).toContainText(text);
  }
  await expectAccessible(page);
  await picture(page, "hub-refused");
  expect(await api.accounts(owner)).toEqual([]);
  expect(server.log()).not.toContain(wrong);

  // What was typed is still there, so that one field is all there is to mend.
  await expect(hub.field("Client ID")).toHaveValue(SANDBOX.clientId);
  await hub.field("Client Secret").fill(SANDBOX.clientSecret);
  await hub.connect.click();
  await expect(hub.connected).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("the secret goes to Patchbay alone, once, in a body", async ({ operator, page, server, traffic }) => {
  const { link } = await operator.session("Discreet Ltd");
  await page.goto(link);
  const hub = new OwnHub(page);
  await hub.submit();
  await expect(hub.connected).toBeVisible();
  const holders = await traffic.holding(SANDBOX.clientSecret);
  expect(holders.map((request) => `${request.method()} ${request.url()}`)).toEqual([
    `POST ${server.url}/hub/accounts`,
  ]);
  expect(traffic.refused).toEqual([]);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(kept).not.toContain(SANDBOX.clientSecret);
});

test("several connectors: search, choose, and go back", async ({ api, operator, page }) => {
  const owner = "Many Choices";
  await operator.withSecondProfile("Legal team", async () => {
    await page.goto((await operator.session(owner, { provider: null })).link);
    const hub = new OwnHub(page);
    await expect(hub.heading("Connect an account")).toBeVisible();
    await expectAccessible(page);
    await picture(page, "hub-picker");
    const rows = page.getByRole("listitem");
    expect(await rows.count()).toBeGreaterThan(1);

    await page.getByRole("searchbox").fill("nothing of this name");
    await expect(page.getByText("No connector found").first()).toBeVisible();
    await expectAccessible(page);
    await hub.button("Show all").click();
    await page.getByRole("searchbox").fill("spot");
    await rows.getByRole("button").first().click();
    await expect(hub.heading("Connect SpotDraft")).toBeVisible();
    await hub.button("Back to the list").click();
    await rows.getByRole("button").first().click();
    await hub.submit();
    await expect(hub.connected).toBeVisible();
    expect(await api.accounts(owner)).toHaveLength(1);
  });
});
