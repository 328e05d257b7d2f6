/** Linking SpotDraft with the stock Hub, from the form to an action that runs; and with a wrong secret. */
import { expect, test } from "../support/fixtures.ts";
import { picture } from "../support/pictures.ts";
import { SANDBOX } from "../support/server.ts";

test("links SpotDraft, tells the host page, and the account runs an action", async ({
  api,
  host,
  hub,
  server,
}) => {
  const owner = "Linden Works";
  await hub.open(host, { token: await api.session({ owner }), "base-url": server.url });

  // One integration: the Hub goes straight to its form.
  await expect(hub.field("clientId")).toBeVisible();
  await expect(hub.field("clientSecret")).toHaveAttribute("type", "password");
  await expect(hub.element.getByText("SpotDraft", { exact: true })).toBeVisible();
  await expect(hub.connect, "nothing is filled in yet").toBeDisabled();
  await picture(hub.page.getByRole("main"), "stock-hub-form");

  await hub.submit(SANDBOX);
  await expect(hub.success).toBeVisible();
  await expect(hub.element.getByText("Account successfully connected to SpotDraft")).toBeVisible();
  await picture(hub.page.getByRole("main"), "stock-hub-success");

  const [account, ...others] = await api.accounts(owner);
  expect(others).toEqual([]);
  expect(account).toMatchObject({ provider: "spotdraft", status: "active", origin_owner_name: owner });
  expect(await hub.events()).toEqual([
    { type: "success", detail: { id: account?.id, provider: "spotdraft" } },
  ]);

  const answer = await api.run(account?.id ?? "", "spotdraft_list_contract_types");
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  expect(answer.body.data).toContainEqual(expect.objectContaining({ name: expect.any(String) }));

  await hub.element.getByRole("button", { name: "Close" }).click();
  expect((await hub.events()).at(-1)).toEqual({ type: "close", detail: null });
});

test("sends the secret to Patchbay alone, once, in a body, and never gets it back", async ({
  api,
  host,
  hub,
  server,
  traffic,
}) => {
  const bodies: Promise<string>[] = [];
  hub.page.on("response", (response) => {
    // The form's own answer shows the sandbox's credentials on purpose: they are nobody's secret.
    const isForm = response.url().includes("/hub/connectors/");
    if (response.url().startsWith(server.url) && !isForm) bodies.push(response.text().catch(() => ""));
  });
  await hub.open(host, { token: await api.session({ owner: "Quiet Harbour" }), "base-url": server.url });
  await hub.submit(SANDBOX);
  await expect(hub.success).toBeVisible();

  const holders = await traffic.holding(SANDBOX.clientSecret);
  expect(holders.map((request) => `${request.method()} ${request.url()}`)).toEqual([
    `POST ${server.url}/hub/accounts`,
  ]);
  expect(holders[0]?.url()).not.toContain(SANDBOX.clientSecret);
  for (const body of await Promise.all(bodies)) expect(body).not.toContain(SANDBOX.clientSecret);
});

test("shows the provider's own message for a wrong secret and links nothing", async ({
  api,
  host,
  hub,
  server,
}) => {
  const owner = "Wrong Turn Ltd";
  const wrong = "not-the-secret-5d1c";
  await hub.open(host, { token: await api.session({ owner }), "base-url": server.url });

  const answered = hub.page.waitForResponse(
    (response) => response.url() === `${server.url}/hub/accounts` && response.request().method() === "POST",
  );
  await hub.submit({ ...SANDBOX, clientSecret: wrong });
  const error = await (await answered).json();
  expect(error.statusCode, JSON.stringify(error)).toBe((await answered).status());
  expect(JSON.stringify(error)).not.toContain(wrong);

  await expect(hub.element.getByText(error.message)).toBeVisible();
  await hub.expandError();
  for (const value of leaves(JSON.parse(error.provider_response))) {
    await expect(hub.element.getByText(value).last()).toBeVisible();
  }
  await expect(hub.success).toBeHidden();
  expect(await hub.events()).toEqual([]);
  expect(await api.accounts(owner)).toEqual([]);
  expect(server.log()).not.toContain(wrong);

  // The same Hub takes the right secret; after an error the stock form starts empty.
  await hub.submit(SANDBOX);
  await expect(hub.success).toBeVisible();
  expect(await api.accounts(owner)).toHaveLength(1);
});

/** The texts in a JSON value; there is at least one, or the provider has said nothing. */
function leaves(value: unknown): string[] {
  const texts: string[] = [];
  JSON.stringify(value, (_key, part) => {
    if (typeof part === "string") texts.push(part);
    return part;
  });
  expect(texts, "the provider's response holds words").not.toEqual([]);
  return texts;
}
