/** The first steps of somebody whose server has no account yet. */
import { Api } from "../support/api.ts";
import { expectAccessible } from "../support/axe.ts";
import { Dashboard, signIn } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { picture } from "../support/pictures.ts";
import { startServer } from "../support/server.ts";

test("the first steps lead from nothing to code, and are found again", async ({
  page,
  context,
  serverBinary,
}) => {
  // A server of its own: the first steps are for somebody who has no account yet.
  const server = await startServer(serverBinary);
  try {
    const { cookie } = await signIn(server);
    await context.addCookies([{ name: cookie.name, value: cookie.value, url: server.url }]);
    const dashboard = new Dashboard(page, server);
    const api = new Api(server);
    await dashboard.open("/");
    await expect(page.getByRole("heading", { name: "First steps" })).toBeVisible();
    await expectAccessible(page);
    await picture(page, "dashboard-start");
    await page.getByRole("button", { name: /Open the Hub/ }).click();
    await dashboard.hub
      .getByRole("button", { name: /fill in/i })
      .first()
      .click();
    await dashboard.hub.getByRole("button", { name: "Connect", exact: true }).click();
    await dashboard.hub.getByRole("button", { name: "Done" }).click();
    expect(await api.accounts("First steps")).toHaveLength(1);
    await page.getByRole("button", { name: "Run it" }).click();
    await expect(page.getByText("The provider's answer")).toBeVisible();
    await expect(page.getByText(`curl '${server.url}/actions/rpc'`)).toBeVisible();
    for (const step of ["Copy the call into your code", "Put the Hub into your product"]) {
      await page.getByRole("region", { name: step }).getByRole("button", { name: "I have it" }).click();
    }
    await page.getByRole("button", { name: "Done", exact: true }).click();
    await expect(page.getByRole("heading", { name: "Accounts" })).toBeVisible();
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByRole("heading", { name: "Accounts" })).toBeVisible();
    await page.getByRole("navigation").getByRole("link", { name: "First steps" }).click();
    await expect(page.getByRole("heading", { name: "First steps" })).toBeVisible();
    // Another browser, that knows nothing of the steps: there is an account, so it opens on the accounts.
    await page.evaluate(() => localStorage.clear());
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByRole("heading", { name: "Accounts" })).toBeVisible();
  } finally {
    await server.stop();
  }
});

test("the first steps are skipped, and are found again", async ({ page, context, serverBinary }) => {
  const server = await startServer(serverBinary);
  try {
    const { cookie } = await signIn(server);
    await context.addCookies([{ name: cookie.name, value: cookie.value, url: server.url }]);
    const dashboard = new Dashboard(page, server);
    await dashboard.open("/");
    await page.getByRole("button", { name: "Skip the first steps" }).click();
    await expect(page.getByRole("heading", { name: "Accounts" })).toBeVisible();
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByRole("heading", { name: "Accounts" })).toBeVisible();
    await page.getByRole("navigation").getByRole("link", { name: "First steps" }).click();
    await expect(page.getByText("Link an account first")).toBeVisible();
  } finally {
    await server.stop();
  }
});
