/** Signing in: by the printed link, then by password; and being signed out. */
import { expectAccessible } from "../support/axe.ts";
import { loginLink, PASSWORD } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { type Server, startServer } from "../support/server.ts";

test.describe("the first start", () => {
  let own: Server;
  test.beforeEach(async ({ serverBinary }) => {
    own = await startServer(serverBinary);
  });
  test.afterEach(() => own.stop());

  test("the link signs in once, and a password after that", async ({ page, browser }) => {
    const link = await loginLink(own);
    await page.goto(link);
    await expect(page.getByRole("heading", { name: "You are signed in" })).toBeVisible();
    expect(page.url(), "the token has left the address bar").not.toContain("login_token");
    await expectAccessible(page);

    await page.getByLabel("New password").fill("short");
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByText("Use at least 12 characters")).toBeVisible();
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByLabel("The same once more").fill("another one");
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByText("The two do not match.")).toBeVisible();
    await page.getByLabel("The same once more").fill(PASSWORD);
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByRole("heading", { name: "First steps" })).toBeVisible();

    const other = await (await browser.newContext()).newPage();
    await other.goto(link);
    await expect(other.getByRole("alert")).toContainText("used already");
    await other.getByRole("textbox", { name: "Password" }).fill("a wrong password");
    await other.getByRole("button", { name: "Sign in" }).click();
    await expect(other.getByRole("alert")).toContainText("the password is wrong");
    await expectAccessible(other);
    await other.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await other.getByRole("button", { name: "Sign in" }).click();
    await expect(other.getByRole("heading", { name: "First steps" })).toBeVisible();
    await other.context().close();
  });

  test("many wrong passwords are slowed down", async ({ page }) => {
    await page.goto(await loginLink(own));
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByLabel("The same once more").fill(PASSWORD);
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByRole("button", { name: "Your account" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    const password = page.getByRole("textbox", { name: "Password" });
    await expect(password).toBeVisible();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await password.fill(`wrong password ${attempt}`);
      const answered = page.waitForResponse((response) => response.url().endsWith("/auth/login"));
      await page.getByRole("button", { name: "Sign in" }).click();
      await answered;
    }
    await expect(page.getByRole("alert")).toContainText("too many wrong passwords");
  });
});

test("who is not signed in sees the sign-in, wherever it is", async ({ page, server, member: _member }) => {
  await page.goto(`${server.url}/dashboard/keys`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expectAccessible(page);
});

test("a session that ends elsewhere leads to the sign-in", async ({ dashboard, context }) => {
  await dashboard.open("/accounts");
  await context.clearCookies();
  await dashboard.page.getByRole("link", { name: "API keys" }).click();
  await expect(dashboard.page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});
