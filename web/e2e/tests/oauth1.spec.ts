/** Linking an account by authorizing at an OAuth 1.0a provider, in the Hub and in the stock Hub. */
import type { Page } from "@playwright/test";
import { CONSUMER, type OAuth1Provider, startOAuth1Provider } from "../providers/oauth1.ts";
import { Api } from "../support/api.ts";
import { expectAccessible } from "../support/axe.ts";
import { test as base, expect } from "../support/fixtures.ts";
import { HubPage } from "../support/hub-page.ts";
import { Operator } from "../support/operator.ts";
import { fixturePath } from "../support/paths.ts";
import { type Server, startServer } from "../support/server.ts";

/** A server with the provider's connector, the provider, and a profile with its OAuth app. */
const test = base.extend<object, { oauth: { server: Server; provider: OAuth1Provider } }>({
  oauth: [
    async ({ serverBinary }, use) => {
      const provider = await startOAuth1Provider();
      const options = ["--connectors", fixturePath("connectors"), "--egress-allow", "127.0.0.1/32"];
      const server = await startServer(serverBinary, options);
      await new Operator(server).call("POST", "/auth_configs", 201, {
        connector_key: "oauth1",
        name: "Our app",
        default: true,
        setup_information: {
          site: provider.url,
          consumerKey: CONSUMER.key,
          consumerSecret: CONSUMER.secret,
        },
      });
      await use({ server, provider });
      await provider.stop();
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
});

async function openHub(page: Page, server: Server, owner: string): Promise<HubPage> {
  const { link } = await new Operator(server).session(owner, { provider: "oauth1" });
  await page.goto(link);
  return new HubPage(page);
}

test("authorizing in the popup links an account that signs its requests", async ({ oauth, page }) => {
  const { server } = oauth;
  const hub = await openHub(page, server, "Signed Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await popup.getByRole("button", { name: "Allow" }).click();
  await expect(hub.heading("Example OAuth1 is connected")).toBeVisible();
  if (!popup.isClosed()) await popup.waitForEvent("close");
  await expectAccessible(page);
  const [account] = await new Api(server).accounts("Signed Ltd");
  const run = await new Api(server).run(account?.id ?? "", "oauth1_get_me");
  expect(run.body.data.name).toBe("Ada");
  expect(server.log()).not.toContain(CONSUMER.secret);
});

test("denying access returns to the form with the reason", async ({ oauth, page }) => {
  const hub = await openHub(page, oauth.server, "Unsigned Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await (await opened).getByRole("button", { name: "Deny" }).click();
  await expect(page.getByRole("alert")).toContainText(/access was not granted/i);
  await expectAccessible(page);
  expect(await new Api(oauth.server).accounts("Unsigned Ltd")).toEqual([]);
  await expect(hub.connect).toBeEnabled();
});

test("the stock Hub links an account in the same popup", async ({ oauth, host, hub }) => {
  const { server } = oauth;
  const { token } = await new Operator(server).session("Stock Signed Ltd", { provider: "oauth1" });
  await hub.open(host, { token, "base-url": server.url });
  const opened = hub.page.waitForEvent("popup");
  await hub.connect.click();
  await (await opened).getByRole("button", { name: "Allow" }).click();
  await expect(hub.success).toBeVisible();
  expect(await new Api(server).accounts("Stock Signed Ltd")).toHaveLength(1);
});
