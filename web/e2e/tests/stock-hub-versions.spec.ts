/**
 * Every published version of the stock Hub, as a custom element and as a React component, unchanged: linking, editing,
 * OAuth, hidden fields, conditions, and secrets with a pattern.
 */
import { Api } from "../support/api.ts";
import { authorizeAt, test as base, expect, type OAuthEnvironment } from "../support/oauth-fixtures.ts";
import { Operator } from "../support/operator.ts";
import { SANDBOX } from "../support/server.ts";
import { DOTS } from "../support/stock-hub.ts";
import { HUB_VERSIONS } from "../support/stock-hub-bundles.ts";

/** A token that matches the pattern of the field. */
const TOKEN = "sk_abcd1234";

/** The server has a profile of the connector with form fields of every kind. */
const test = base.extend<object, { forms: OAuthEnvironment }>({
  forms: [
    async ({ oauth }, use) => {
      const profile = { connector_key: "fields", name: "Fields", default: true };
      await new Operator(oauth.server).call("POST", "/auth_configs", 201, profile);
      await use(oauth);
    },
    { scope: "worker" },
  ],
});

for (const version of HUB_VERSIONS) {
  for (const form of ["element", "react"] as const) {
    const kind = { version, form };
    const owner = (what: string) => `${what} ${version} ${form}`;

    test.describe(`${version} as ${form}`, () => {
      test("links an account and edits it", async ({ api, host, hub, server }) => {
        const name = owner("Link");
        await hub.open(host, { token: await api.session({ owner: name }), "base-url": server.url }, kind);
        await expect(hub.field("clientId")).toBeVisible();
        await expect(hub.connect, "required fields are empty").toBeDisabled();
        await hub.submit(SANDBOX);
        await expect(hub.success).toBeVisible();
        const [account] = await api.accounts(name);
        const id = account?.id ?? "";
        expect(await hub.events()).toEqual([{ type: "success", detail: { id, provider: "spotdraft" } }]);

        const token = await api.session({ owner: name, accountId: id });
        await hub.open(host, { token, "base-url": server.url, "account-id": id }, kind);
        await expect(hub.field("clientId")).toHaveValue("sandbox-client-id");
        await expect(hub.placeholder("clientSecret")).toHaveValue(new RegExp(`^${DOTS}`));
        await hub.choose("United States", "Europe");
        await expect(hub.connect).toBeEnabled();
        await hub.connect.click();
        await expect(hub.success).toBeVisible();
        const stored = await api.hub(token, `/hub/accounts/${id}`);
        expect(stored.body.setupInformation).toMatchObject({ clientId: "sandbox-client-id", region: "eu" });
        expect((await api.accounts(name)).map((one) => one.id)).toEqual([id]);
        expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(200);
      });

      test("authorizes in a popup", async ({ oauth, host, hub }) => {
        const { token } = await new Operator(oauth.server).session(owner("OAuth"), { provider: "oidc" });
        await hub.open(host, { token, "base-url": oauth.server.url }, kind);
        const opened = hub.page.waitForEvent("popup");
        await hub.connect.click();
        await authorizeAt(await opened, "kim");
        await expect(hub.success).toBeVisible();
        const [account] = await new Api(oauth.server).accounts(owner("OAuth"));
        expect(await hub.events()).toEqual([
          { type: "success", detail: { id: account?.id, provider: "oidc" } },
        ]);
      });

      test("hides fields that are not displayed, and keeps a secret with a pattern", async ({
        forms,
        host,
        hub,
      }) => {
        const [operator, api] = [new Operator(forms.server), new Api(forms.server)];
        const name = owner("Fields");
        const created = await operator.session(name, { provider: "fields" });
        await hub.open(host, { token: created.token, "base-url": forms.server.url }, kind);
        await expect(hub.field("site")).toBeVisible();
        await expect(hub.field("channel")).toHaveCount(0);
        await expect(hub.element.getByText("Channel", { exact: true })).toHaveCount(0);
        // Both patterns are checked before anything is sent.
        await hub.field("site").fill("UPPER");
        await hub.field("token").fill(TOKEN);
        await expect(hub.connect).toBeDisabled();
        await hub.field("site").fill("acme");
        await hub.field("token").fill("wrong");
        await expect(hub.connect).toBeDisabled();
        await hub.field("token").fill(TOKEN);
        await expect(hub.connect).toBeEnabled();
        await hub.connect.click();
        await expect(hub.success).toBeVisible();
        const [account] = await api.accounts(name);
        const id = account?.id ?? "";

        const { token } = await operator.session(name, { provider: "fields", accountId: id });
        const stored = () => api.hub(token, `/hub/accounts/${id}`);
        expect((await stored()).body.setupInformation).toMatchObject({ site: "acme", channel: "hub" });

        // The stored secret fits its pattern in the form, so the account is saved without it.
        await hub.open(host, { token, "base-url": forms.server.url, "account-id": id }, kind);
        await expect(hub.placeholder("token")).toHaveValue(new RegExp(`^${DOTS}`));
        await hub.field("site").fill("other");
        await expect(hub.connect).toBeEnabled();
        const patched = hub.page.waitForRequest((request) => request.method() === "PATCH");
        await hub.connect.click();
        await expect(hub.success).toBeVisible();
        expect(JSON.stringify((await patched).postDataJSON())).not.toContain("redacted");
        const after = await stored();
        expect(after.body.setupInformation).toMatchObject({ site: "other", channel: "hub" });
        expect(after.body.secrets.token).toMatch(/^__secretvalue:\*\*redacted\*\*/);
      });

      test("needs a field only under its condition", async ({ forms, host, hub }) => {
        const name = owner("Condition");
        const { token } = await new Operator(forms.server).session(name, { provider: "fields" });
        await hub.open(host, { token, "base-url": forms.server.url }, kind);
        // The Hub does not evaluate the condition again when a value changes; the server says what is missing.
        await hub.choose("America", "Europe");
        await hub.submit({ site: "acme", token: TOKEN });
        await expect(hub.element.getByText(/Tenant is required/).first()).toBeVisible();
        await hub.choose("America", "Europe");
        await hub.submit({ site: "acme", token: TOKEN, tenant: "t-1" });
        await expect(hub.success).toBeVisible();
        const [account] = await new Api(forms.server).accounts(name);
        expect(await hub.events()).toEqual([
          { type: "success", detail: { id: account?.id, provider: "fields" } },
        ]);
      });
    });
  }
}
