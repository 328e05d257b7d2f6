/** Linking by signing in at a provider that speaks OAuth 1.0a: the same window, in our Hub and in the stock one. */
import type { Page } from "@playwright/test";
import { CONSUMER, type OAuth1Adversary, startOAuth1Adversary } from "../adversary/oauth1.ts";
import { Api } from "../support/api.ts";
import { expectAccessible } from "../support/axe.ts";
import { test as base, expect } from "../support/fixtures.ts";
import { Operator } from "../support/operator.ts";
import { OwnHub } from "../support/own-hub.ts";
import { fixturePath } from "../support/paths.ts";
import { type Server, startServer } from "../support/server.ts";

/** A server with the provider's connector, the provider, and a profile with its app. */
const test = base.extend<object, { place: { server: Server; provider: OAuth1Adversary } }>({
  place: [
    async ({ serverBinary }, use) => {
      const provider = await startOAuth1Adversary();
      const options = ["--connectors", fixturePath("connectors"), "--egress-allow", "127.0.0.1/32"];
      const server = await startServer(serverBinary, options);
      await new Operator(server).call("POST", "/auth_configs", 201, {
        connector_key: "jetty",
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

async function openHub(page: Page, server: Server, owner: string): Promise<OwnHub> {
  const { link } = await new Operator(server).session(owner, { provider: "jetty" });
  await page.goto(link);
  return new OwnHub(page);
}

test("a window opens, access is allowed, and the account signs its calls", async ({ place, page }) => {
  const { server } = place;
  const hub = await openHub(page, server, "Signed Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await popup.getByRole("button", { name: "Allow" }).click();
  await expect(hub.heading("Jetty is connected")).toBeVisible();
  if (!popup.isClosed()) await popup.waitForEvent("close");
  await expectAccessible(page);
  const [account] = await new Api(server).accounts("Signed Ltd");
  const answer = await new Api(server).run(account?.id ?? "", "jetty_get_me");
  expect(answer.body.data.name).toBe("Ada");
  expect(server.log()).not.toContain(CONSUMER.secret);
});

test("what was denied leads back to the form with the reason", async ({ place, page }) => {
  const hub = await openHub(page, place.server, "Unsigned Ltd");
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await (await opened).getByRole("button", { name: "Deny" }).click();
  await expect(page.getByRole("alert")).toContainText("access was not granted");
  await expectAccessible(page);
  expect(await new Api(place.server).accounts("Unsigned Ltd")).toEqual([]);
  await expect(hub.connect).toBeEnabled();
});

test("the stock Hub links by the same window", async ({ place, host, hub }) => {
  const { server } = place;
  const { token } = await new Operator(server).session("Stock Signed Ltd", { provider: "jetty" });
  await hub.open(host, { token, "base-url": server.url });
  const opened = hub.page.waitForEvent("popup");
  await hub.connect.click();
  await (await opened).getByRole("button", { name: "Allow" }).click();
  await expect(hub.success).toBeVisible();
  expect(await new Api(server).accounts("Stock Signed Ltd")).toHaveLength(1);
});
