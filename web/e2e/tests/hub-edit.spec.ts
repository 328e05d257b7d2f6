/** Editing a linked account in the Hub: secrets are shown as placeholders and kept unless replaced. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/hub-fixtures.ts";
import { HubPage } from "../support/hub-page.ts";
import { takeScreenshot } from "../support/screenshots.ts";

test("a new region is saved and the secret is kept", async ({ api, operator, page }) => {
  const owner = "Region Mover";
  const accountId = await api.link(owner);
  const { link, token } = await operator.session(owner, { accountId });
  await page.goto(link);
  const hub = new HubPage(page);
  await expect(hub.heading("Edit SpotDraft")).toBeVisible();
  await expect(hub.field("Client ID")).toHaveValue("sandbox-client-id");
  await expect(hub.field("Client Secret")).not.toBeEditable();
  await expect(hub.field("Client Secret")).toHaveValue(/^•+/);
  await expectAccessible(page);
  await takeScreenshot(page, "hub-edit", { height: 860 });

  await hub.field("Region").selectOption({ label: "Europe" });
  const patched = page.waitForRequest((request) => request.method() === "PATCH");
  await hub.button("Save").click();
  await expect(hub.heading("Changes saved")).toBeVisible();
  expect((await patched).postDataJSON().credentials).not.toHaveProperty("clientSecret");

  const stored = await api.hub(token, `/hub/accounts/${accountId}`);
  expect(stored.body.setupInformation).toMatchObject({ region: "eu" });
  expect((await api.accounts(owner)).map(({ id }) => id)).toEqual([accountId]);
  expect((await api.run(accountId, "spotdraft_list_contract_types")).status).toBe(200);
});

test("a new secret can be undone, and a wrong one is rejected", async ({ api, operator, page }) => {
  const owner = "Second Guess";
  const accountId = await api.link(owner);
  await page.goto((await operator.session(owner, { accountId })).link);
  const hub = new HubPage(page);
  await hub.button("Edit Client Secret").click();
  await expect(hub.field("Client Secret")).toBeFocused();
  await expect(hub.field("Client Secret")).toHaveValue("");
  await hub.button("Undo: keep the stored Client Secret").click();
  await expect(hub.field("Client Secret")).toHaveValue(/^•+/);

  await hub.button("Edit Client Secret").click();
  await hub.field("Client Secret").fill("a-mistyped-secret-77");
  await hub.button("Save").click();
  await expect(page.getByRole("alert")).toBeVisible();
  expect((await api.run(accountId, "spotdraft_list_contract_types")).status).toBe(200);
});

test("another owner's account cannot be edited", async ({ api, operator, page, server }) => {
  const foreign = await api.link("Somebody Else");
  const { token } = await operator.session("Curious Ltd");
  const response = await api.hub(token, `/hub/accounts/${foreign}`);
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(JSON.stringify(response.body)).not.toContain("sandbox-client-id");
  await page.goto(`${server.url}/embedded/integrations?token=${token}`);
  await expect(new HubPage(page).heading("Connect SpotDraft")).toBeVisible();
});
