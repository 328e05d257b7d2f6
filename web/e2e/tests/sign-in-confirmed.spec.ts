/** Sign-ins that the operator's product confirms: it knows by its own log-in whose browser it is. */
import { Api } from "../support/api.ts";
import { Operator } from "../support/operator.ts";
import { OwnHub } from "../support/own-hub.ts";
import { type Product, startProduct } from "../support/product.ts";
import { test as base, expect, signInAt } from "../support/sign-in-place.ts";

const test = base.extend<{ product: Product }>({
  product: async ({ place }, use) => {
    const product = await startProduct(place.server);
    await use(product);
    await product.stop();
  },
});

test("the customer whom the session was made for is linked", async ({ place, product, page, context }) => {
  const owner = "Confirmed Ltd";
  await context.addCookies([product.loggedIn(Api.ownerId(owner))]);
  const { link } = await new Operator(place.server).session(owner, {
    provider: "anchor",
    confirmUrl: product.confirmUrl,
  });
  await page.goto(link);
  const hub = new OwnHub(page);
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  await signInAt(await opened, "kim");
  await expect(hub.heading("Anchor is connected")).toBeVisible();
  expect(await new Api(place.server).accounts(owner)).toHaveLength(1);
});

test("whoever opens another customer's link links nothing", async ({ place, product, page, context }) => {
  const owner = "Luring Ltd";
  await context.addCookies([product.loggedIn(Api.ownerId("Lured Ltd"))]);
  const { link } = await new Operator(place.server).session(owner, {
    provider: "anchor",
    confirmUrl: product.confirmUrl,
  });
  await page.goto(link);
  const hub = new OwnHub(page);
  const opened = page.waitForEvent("popup");
  await hub.connect.click();
  const popup = await opened;
  await signInAt(popup, "leo");
  await expect(page.getByRole("alert")).toContainText("another customer");
  expect(await new Api(place.server).accounts(owner)).toEqual([]);
  expect(await new Api(place.server).accounts("Lured Ltd")).toEqual([]);
});

test("the stock Hub is confirmed as it is", async ({ place, product, host, hub, context }) => {
  const owner = "Stock Confirmed Ltd";
  await context.addCookies([product.loggedIn(Api.ownerId(owner))]);
  const { token } = await new Operator(place.server).session(owner, {
    provider: "anchor",
    confirmUrl: product.confirmUrl,
  });
  await hub.open(host, { token, "base-url": place.server.url });
  const opened = hub.page.waitForEvent("popup");
  await hub.connect.click();
  await signInAt(await opened, "mia");
  await expect(hub.success).toBeVisible();
  expect(await new Api(place.server).accounts(owner)).toHaveLength(1);
});
