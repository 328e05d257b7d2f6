/** Logging in by the printed link and by password, and being logged out. */
import { expectAccessible } from "../support/axe.ts";
import { loginLink, PASSWORD } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { type Server, startServer } from "../support/server.ts";

test.describe("the first start", () => {
  let server: Server;
  test.beforeEach(async ({ serverBinary }) => {
    server = await startServer(serverBinary);
  });
  test.afterEach(() => server.stop());

  test("the link logs in once, and the password afterwards", async ({ page, browser }) => {
    const link = await loginLink(server);
    await page.goto(link);
    await expect(page.getByRole("heading", { name: "You are logged in" })).toBeVisible();
    expect(page.url(), "the token is removed from the address bar").not.toContain("login_token");
    await expectAccessible(page);

    await page.getByLabel("New password").fill("short");
    await page.getByRole("button", { name: "Set password" }).click();
    await expect(page.getByText("Use at least 12 characters")).toBeVisible();
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByLabel("Confirm password").fill("another one");
    await page.getByRole("button", { name: "Set password" }).click();
    await expect(page.getByText("The passwords do not match.")).toBeVisible();
    await page.getByLabel("Confirm password").fill(PASSWORD);
    await page.getByRole("button", { name: "Set password" }).click();
    await expect(page.getByRole("heading", { name: "Get started" })).toBeVisible();

    const other = await (await browser.newContext()).newPage();
    await other.goto(link);
    await expect(other.getByRole("alert")).toContainText("was used or has expired");
    await other.getByRole("textbox", { name: "Password" }).fill("a wrong password");
    await other.getByRole("button", { name: "Log in" }).click();
    await expect(other.getByRole("alert")).toContainText(/the password is wrong/i);
    await expectAccessible(other);
    await other.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await other.getByRole("button", { name: "Log in" }).click();
    await expect(other.getByRole("heading", { name: "Get started" })).toBeVisible();
    await other.context().close();
  });

  test("repeated wrong passwords are rate limited", async ({ page }) => {
    await page.goto(await loginLink(server));
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByLabel("Confirm password").fill(PASSWORD);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByRole("button", { name: "User menu" }).click();
    await page.getByRole("menuitem", { name: "Log out" }).click();
    const password = page.getByRole("textbox", { name: "Password" });
    await expect(password).toBeVisible();
    // The required pause grows with each failure, so that even slow attempts are rejected at some point.
    let status = 0;
    for (let attempt = 0; attempt < 20 && status !== 429; attempt += 1) {
      await password.fill(`wrong password ${attempt}`);
      const responded = page.waitForResponse((response) => response.url().endsWith("/auth/login"));
      await page.getByRole("button", { name: "Log in" }).click();
      status = (await responded).status();
    }
    await expect(page.getByRole("alert")).toContainText(/too many wrong passwords/i);
  });
});

test("every page shows the login page without a session", async ({ page, server, member: _member }) => {
  await page.goto(`${server.url}/dashboard/keys`);
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  await expectAccessible(page);
});

test("a session that ends elsewhere leads to the login page", async ({ dashboard, context }) => {
  await dashboard.open("/accounts");
  await context.clearCookies();
  await dashboard.page.getByRole("link", { name: "API keys" }).click();
  await expect(dashboard.page.getByRole("heading", { name: "Log in" })).toBeVisible();
});
