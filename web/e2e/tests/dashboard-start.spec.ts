/** The "Get started" page of a server without accounts. */
import { Api } from "../support/api.ts";
import { expectAccessible } from "../support/axe.ts";
import { Dashboard, logIn } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { startServer } from "../support/server.ts";

test("the steps lead to a working call and can be opened again", async ({ page, context, serverBinary }) => {
  // A separate server, since the page is for a server without accounts.
  const server = await startServer(serverBinary);
  try {
    const { cookie } = await logIn(server);
    await context.addCookies([{ name: cookie.name, value: cookie.value, url: server.url }]);
    const dashboard = new Dashboard(page, server);
    const api = new Api(server);
    await dashboard.open("/");
    await expect(page.getByRole("heading", { name: "Get started" })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("button", { name: /Open the Hub/ }).click();
    await dashboard.hub
      .getByRole("button", { name: /fill in/i })
      .first()
      .click();
    await dashboard.hub.getByRole("button", { name: "Connect", exact: true }).click();
    await dashboard.hub.getByRole("button", { name: "Done" }).click();
    expect(await api.accounts("Test account")).toHaveLength(1);
    await page.getByRole("button", { name: "Run action" }).click();
    await expect(page.getByText("Response in")).toBeVisible();
    await expect(page.getByText(`curl '${server.url}/actions/rpc'`)).toBeVisible();
    for (const step of ["Copy the call into your code", "Embed the Hub in your product"]) {
      await page.getByRole("region", { name: step }).getByRole("button", { name: "Done" }).click();
    }
    await page.getByRole("button", { name: "Go to accounts" }).click();
    await expect(page.getByRole("heading", { name: "Accounts", exact: true })).toBeVisible();
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
    await page.getByRole("navigation").getByRole("link", { name: "Get started" }).click();
    await expect(page.getByRole("heading", { name: "Get started" })).toBeVisible();
    // Without stored progress, an existing account makes the dashboard open on the overview.
    await page.evaluate(() => localStorage.clear());
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  } finally {
    await server.stop();
  }
});

test("the steps can be skipped and opened again", async ({ page, context, serverBinary }) => {
  const server = await startServer(serverBinary);
  try {
    const { cookie } = await logIn(server);
    await context.addCookies([{ name: cookie.name, value: cookie.value, url: server.url }]);
    const dashboard = new Dashboard(page, server);
    await dashboard.open("/");
    await page.getByRole("button", { name: "Skip these steps" }).click();
    await expect(page.getByRole("heading", { name: "Accounts", exact: true })).toBeVisible();
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
    await page.getByRole("navigation").getByRole("link", { name: "Get started" }).click();
    await expect(page.getByText("Link an account first")).toBeVisible();
  } finally {
    await server.stop();
  }
});
