/** The stock Hub with expired and invalid sessions. */
import { expect, test } from "../support/fixtures.ts";
import { SANDBOX } from "../support/server.ts";

const NO_INTEGRATIONS_TEXT = "No configured integrations available.";

test("an expired session shows no connectors", async ({ api, host, hub, server }) => {
  const token = await api.session({ owner: "Too Late", expiresIn: 1 });
  await expect.poll(async () => (await api.hub(token, "/hub/settings")).status).toBe(401);
  await hub.open(host, { token, "base-url": server.url });
  await expect(hub.element.getByText(NO_INTEGRATIONS_TEXT)).toBeVisible();
  await expect(hub.field("clientId")).toHaveCount(0);
});

test("an invalid token shows no connectors", async ({ host, hub, server }) => {
  await hub.open(host, { token: "A".repeat(43), "base-url": server.url });
  await expect(hub.element.getByText(NO_INTEGRATIONS_TEXT)).toBeVisible();
});

test("a session that expires while the form is open links nothing", async ({ api, host, hub, server }) => {
  const owner = "Coffee Break";
  // Long enough to show the form on a busy machine; the test waits for the expiry.
  const token = await api.session({ owner, expiresIn: 8 });
  await hub.open(host, { token, "base-url": server.url });
  await expect(hub.field("clientId")).toBeVisible();
  await expect
    .poll(async () => (await api.hub(token, "/hub/settings")).status, { timeout: 30_000 })
    .toBe(401);
  await hub.submit(SANDBOX);
  await expect(hub.element.getByRole("button", { name: "Expand" })).toBeVisible();
  await expect(hub.success).toBeHidden();
  expect(await hub.events()).toEqual([]);
  expect(await api.accounts(owner)).toEqual([]);
});
