/** Authorizations that the operator's product must confirm, based on its own login. */
import { Api } from "../support/api.ts";
import { type Product, startProduct } from "../support/confirming-product.ts";
import { HubPage } from "../support/hub-page.ts";
import { authorizeAt, test as base, expect } from "../support/oauth-fixtures.ts";
import { Operator } from "../support/operator.ts";

const test = base.extend<{ product: Product }>({
  product: async ({ oauth }, use) => {
    const product = await startProduct(oauth.server);
    await use(product);
    await product.stop();
  },
});

test("the customer of the session is linked", async ({ oauth, product, page, context }) => {
  const owner = "Confirmed Ltd";
  await context.addCookies([product.loginCookie(Api.ownerId(owner))]);
  const { link } = await new Operator(oauth.server).session(owner, {
    provider: "oidc",
    confirmUrl: product.confirmUrl,
  });
  await page.goto(link);
  const hub = new HubPage(page);
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await authorizeAt(await opened, "kim");
  await expect(hub.heading("Example OIDC is connected")).toBeVisible();
  expect(await new Api(oauth.server).accounts(owner)).toHaveLength(1);
});

test("another customer who opens the link links nothing", async ({ oauth, product, page, context }) => {
  const owner = "Luring Ltd";
  await context.addCookies([product.loginCookie(Api.ownerId("Lured Ltd"))]);
  const { link } = await new Operator(oauth.server).session(owner, {
    provider: "oidc",
    confirmUrl: product.confirmUrl,
  });
  await page.goto(link);
  const hub = new HubPage(page);
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await authorizeAt(popup, "leo");
  await expect(page.getByRole("alert")).toContainText("another customer");
  expect(await new Api(oauth.server).accounts(owner)).toEqual([]);
  expect(await new Api(oauth.server).accounts("Lured Ltd")).toEqual([]);
});

test("the unchanged stock Hub supports the confirmation", async ({ oauth, product, host, hub, context }) => {
  const owner = "Stock Confirmed Ltd";
  await context.addCookies([product.loginCookie(Api.ownerId(owner))]);
  const { token } = await new Operator(oauth.server).session(owner, {
    provider: "oidc",
    confirmUrl: product.confirmUrl,
  });
  await hub.open(host, { token, "base-url": oauth.server.url });
  const opened = hub.page.waitForEvent("popup");
  await hub.connect.click();
  await authorizeAt(await opened, "mia");
  await expect(hub.success).toBeVisible();
  expect(await new Api(oauth.server).accounts(owner)).toHaveLength(1);
});
