/** Linking a SpotDraft account with the stock Hub, with correct and wrong credentials. */
import { expect, test } from "../support/fixtures.ts";
import { takeScreenshot } from "../support/screenshots.ts";
import { SANDBOX } from "../support/server.ts";

test("links an account that can run an action, and notifies the host page", async ({
  api,
  host,
  hub,
  server,
}) => {
  const owner = "Linden Works";
  await hub.open(host, { token: await api.session({ owner }), "base-url": server.url });

  // With one connector, the Hub opens its form directly.
  await expect(hub.field("clientId")).toBeVisible();
  await expect(hub.field("clientSecret")).toHaveAttribute("type", "password");
  await expect(hub.element.getByText("SpotDraft", { exact: true })).toBeVisible();
  await expect(hub.connect, "required fields are empty").toBeDisabled();
  await takeScreenshot(hub.page.getByRole("main"), "stock-hub-form", { dark: false });

  await hub.submit(SANDBOX);
  await expect(hub.success).toBeVisible();
  await expect(hub.element.getByText("Account successfully connected to SpotDraft")).toBeVisible();

  const [account, ...others] = await api.accounts(owner);
  expect(others).toEqual([]);
  expect(account).toMatchObject({ provider: "spotdraft", status: "active", origin_owner_name: owner });
  expect(await hub.events()).toEqual([
    { type: "success", detail: { id: account?.id, provider: "spotdraft" } },
  ]);

  const run = await api.run(account?.id ?? "", "spotdraft_list_contract_types");
  expect(run.status, JSON.stringify(run.body)).toBe(200);
  expect(run.body.data).toContainEqual(expect.objectContaining({ name: expect.any(String) }));

  await hub.element.getByRole("button", { name: "Close" }).click();
  expect((await hub.events()).at(-1)).toEqual({ type: "close", detail: null });
});

test("sends the secret only once, in a request body, to Patchbay, and never receives it", async ({
  api,
  host,
  hub,
  server,
  traffic,
}) => {
  const bodies: Promise<string>[] = [];
  hub.page.on("response", (response) => {
    // The form's configuration contains the sandbox's credentials on purpose; they are not secret.
    const isForm = response.url().includes("/hub/connectors/");
    if (response.url().startsWith(server.url) && !isForm) bodies.push(response.text().catch(() => ""));
  });
  await hub.open(host, { token: await api.session({ owner: "Quiet Harbour" }), "base-url": server.url });
  await hub.submit(SANDBOX);
  await expect(hub.success).toBeVisible();

  const requests = await traffic.requestsContaining(SANDBOX.clientSecret);
  expect(requests.map((request) => `${request.method()} ${request.url()}`)).toEqual([
    `POST ${server.url}/hub/accounts`,
  ]);
  expect(requests[0]?.url()).not.toContain(SANDBOX.clientSecret);
  for (const body of await Promise.all(bodies)) expect(body).not.toContain(SANDBOX.clientSecret);
});

test("shows the provider's message for a wrong secret and links nothing", async ({
  api,
  host,
  hub,
  server,
}) => {
  const owner = "Wrong Turn Ltd";
  const wrong = "not-the-secret-5d1c";
  await hub.open(host, { token: await api.session({ owner }), "base-url": server.url });

  const responded = hub.page.waitForResponse(
    (response) => response.url() === `${server.url}/hub/accounts` && response.request().method() === "POST",
  );
  await hub.submit({ ...SANDBOX, clientSecret: wrong });
  const error = await (await responded).json();
  expect(error.statusCode, JSON.stringify(error)).toBe((await responded).status());
  expect(JSON.stringify(error)).not.toContain(wrong);

  await expect(hub.element.getByText(error.message)).toBeVisible();
  await hub.expandError();
  for (const value of stringsIn(JSON.parse(error.provider_response))) {
    await expect(hub.element.getByText(value).last()).toBeVisible();
  }
  await expect(hub.success).toBeHidden();
  expect(await hub.events()).toEqual([]);
  expect(await api.accounts(owner)).toEqual([]);
  expect(server.log()).not.toContain(wrong);

  // The Hub accepts the correct secret; the stock form is empty after an error.
  await hub.submit(SANDBOX);
  await expect(hub.success).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

/** Returns the strings in a JSON value; fails if there are none. */
function stringsIn(value: unknown): string[] {
  const texts: string[] = [];
  JSON.stringify(value, (_key, part) => {
    if (typeof part === "string") texts.push(part);
    return part;
  });
  expect(texts, "the provider's response contains a message").not.toEqual([]);
  return texts;
}
