/** Editing a linked account with the stock Hub: secrets are shown as placeholders and kept unless replaced. */
import { expect, test } from "../support/fixtures.ts";
import { DOTS } from "../support/stock-hub.ts";

test("changes the region and keeps the secret", async ({ api, host, hub, server }) => {
  const owner = "Moving East";
  const accountId = await api.link(owner);
  const token = await api.session({ owner, accountId });
  await hub.open(host, { token, "base-url": server.url, "account-id": accountId });

  await expect(hub.field("clientId")).toHaveValue("sandbox-client-id");
  await expect(hub.placeholder("clientSecret")).toHaveValue(new RegExp(`^${DOTS}`));
  await expect(hub.placeholder("clientSecret")).toBeDisabled();
  await expect(hub.element.getByText("United States", { exact: true })).toBeVisible();

  await hub.choose("United States", "Europe");
  const patched = hub.page.waitForRequest((request) => request.method() === "PATCH");
  await expect(hub.connect).toBeEnabled();
  await hub.connect.click();
  await expect(hub.success).toBeVisible();

  expect((await patched).postDataJSON().credentials).toEqual({ clientId: "sandbox-client-id", region: "eu" });
  expect(await hub.events()).toEqual([{ type: "success", detail: { id: accountId, provider: "spotdraft" } }]);

  const stored = await api.hub(token, `/hub/accounts/${accountId}`);
  expect(stored.body.setupInformation).toMatchObject({ clientId: "sandbox-client-id", region: "eu" });
  expect(stored.body.secrets.clientSecret).toMatch(/^__secretvalue:\*\*redacted\*\*/);
  expect((await api.accounts(owner)).map((account) => account.id)).toEqual([accountId]);
  const run = await api.run(accountId, "spotdraft_list_contract_types");
  expect(run.status, JSON.stringify(run.body)).toBe(200);
});

test("opens for editing if only the session specifies the account", async ({ api, host, hub, server }) => {
  const owner = "Session Knows";
  const accountId = await api.link(owner);
  await hub.open(host, { token: await api.session({ owner, accountId }), "base-url": server.url });
  await expect(hub.placeholder("clientSecret")).toHaveValue(new RegExp(`^${DOTS}`));
});

test("rejects a wrong new secret and keeps the stored one", async ({ api, host, hub, server }) => {
  const owner = "Second Thoughts";
  const accountId = await api.link(owner);
  const token = await api.session({ owner, accountId });
  await hub.open(host, { token, "base-url": server.url, "account-id": accountId });

  await hub.element.getByRole("button", { name: "Edit" }).click();
  await expect(hub.field("clientSecret")).toHaveValue("");
  await hub.submit({ clientSecret: "a-mistyped-secret-77" });
  await expect(hub.element.getByRole("button", { name: "Expand" })).toBeVisible();
  await expect(hub.success).toBeHidden();
  expect(await hub.events()).toEqual([]);

  const run = await api.run(accountId, "spotdraft_list_contract_types");
  expect(run.status, JSON.stringify(run.body)).toBe(200);
});
