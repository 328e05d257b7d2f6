/** The connector profile dialog: values for the provider's setup and version pins; and rejected OAuth apps. */
import type { Page } from "@playwright/test";
import { CLIENT } from "../providers/oidc.ts";
import { expectAccessible } from "../support/axe.ts";
import { choose, Dashboard, logIn } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { HubPage } from "../support/hub-page.ts";
import { authorizeAt, test as oauthTest } from "../support/oauth-fixtures.ts";
import { Operator } from "../support/operator.ts";

/** A connector that is uploaded in two versions, to test pins. */
const versionedConnector = (version: string) => `
Patchbay: 1.0.0
info: {title: Versioned, key: versioned, version: ${version}, description: Has several versions.}
categories: [iam]
baseUrl: https://versioned.example.com
authentication:
  - key:
      type: custom
      label: Key
      configFields: [{key: apiKey, label: Key, type: password, required: true, secret: true}]
      authorization: {type: bearer, token: "\${credentials.apiKey}"}
      testActions: [{action: get_me, required: true}]
actions:
  - actionId: get_me
    label: Get me
    description: Reads whose account it is.
    categories: [iam]
    actionType: get
    steps:
      - {stepId: get, description: Get., stepFunction: {functionName: request, parameters: {url: /me, method: get}}}
`;

const clipboardText = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

/** The code block with this label in the dialog. */
const codeBlock = (page: Page, label: RegExp) =>
  page.getByRole("dialog").locator("div:has(> pre)").filter({ hasText: label });

async function openNewProfile(dashboard: Dashboard, connector: string, method?: string): Promise<void> {
  const { page } = dashboard;
  await dashboard.open("/profiles");
  await page.getByRole("button", { name: "Create connector profile" }).click();
  await choose(page, "Connector", connector);
  if (method !== undefined) await choose(page, "Authentication method", method);
}

test("the redirect URI and the scopes of the allowed actions can be copied", async ({
  dashboard,
  context,
  server,
}) => {
  const { page } = dashboard;
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openNewProfile(dashboard, "Jira", "OAuth 2.0");
  const redirect = codeBlock(page, /^Redirect URI/);
  await expect(redirect.locator("code")).toHaveText(`${server.url}/connect/oauth2/jira/callback`);
  await redirect.getByRole("button", { name: "Copy" }).click();
  expect(await clipboardText(page)).toBe(`${server.url}/connect/oauth2/jira/callback`);

  const scopes = codeBlock(page, /^Scopes/);
  await expect(scopes.locator("code")).toHaveText(
    "read:jira-work write:jira-work read:jira-user offline_access",
  );
  await expect(page.getByRole("dialog")).toContainText("Create and update issues and comments");
  await page.getByText("Selected actions").click();
  await expect(scopes.locator("code")).toHaveText("read:jira-work read:jira-user offline_access");
  await page.getByRole("button", { name: "Clear" }).click();
  // The scopes of the test actions are always required.
  await expect(scopes.locator("code")).toHaveText("read:jira-user offline_access");
  await page.getByRole("checkbox", { name: "Create an issue", exact: true }).check();
  await expect(scopes.locator("code")).toHaveText("write:jira-work read:jira-user offline_access");
  await scopes.getByRole("button", { name: "Copy" }).click();
  expect(await clipboardText(page)).toBe("write:jira-work read:jira-user offline_access");
  await expectAccessible(page);
});

test("a profile is pinned to a version and shows the pin", async ({ dashboard, server }) => {
  const { page } = dashboard;
  for (const version of ["1.0.0", "1.1.0"]) {
    const pushed = await page.request.post(`${server.url}/connectors`, {
      headers: { "x-requested-with": "patchbay" },
      data: { files: [{ name: "versioned.connector.yaml", text: versionedConnector(version) }] },
    });
    expect(pushed.ok(), await pushed.text()).toBe(true);
  }
  await openNewProfile(dashboard, "Versioned");
  await page.getByLabel("Version").and(page.locator("input")).click();
  for (const option of [
    "Latest (currently 1.1.0)",
    "1.x.x: latest 1.x version",
    "1.0.x: latest 1.0 version",
  ]) {
    await expect(page.getByRole("option", { name: option })).toBeVisible();
  }
  await page.getByRole("option", { name: "1.0.0: this version only" }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create profile" }).click();
  const row = page.getByRole("row").filter({ hasText: "Versioned" });
  await expect(row).toContainText("1.0.0 · pinned to 1.0.0 · custom");
  await row.getByRole("button", { name: "Actions for Versioned" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await choose(page, "Version", "Latest (currently 1.1.0)");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("1.1.0");
  await expect(row).not.toContainText("pinned");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`on a phone in ${colorScheme} mode`, () => {
    test.use({ viewport: { width: 360, height: 740 }, colorScheme });
    test("the dialog fits and is accessible", async ({ dashboard }) => {
      const { page } = dashboard;
      await openNewProfile(dashboard, "Xero");
      await page.getByText("Selected actions").click();
      const scopes = codeBlock(page, /^Scopes/);
      await expect(scopes.locator("code")).toContainText("accounting.invoices.read");
      await expectAccessible(page);
      const dialog = page.getByRole("dialog");
      const overflow = await dialog.evaluate((element) => element.scrollWidth - element.clientWidth);
      expect(overflow, "the dialog is not wider than the screen").toBeLessThanOrEqual(0);
      await scopes.scrollIntoViewIfNeeded();
      await page.screenshot({ path: test.info().outputPath("dialog.png") });
    });
  });
}

oauthTest("a rejected OAuth app is reported until it is corrected", async ({ oauth, page, context }) => {
  const { server, provider } = oauth;
  const operator = new Operator(server);
  const made = await operator.call("POST", "/auth_configs", 201, {
    connector_key: "oidc",
    name: "Wrong app",
    setup_information: { site: provider.url, clientId: CLIENT.id, clientSecret: "not-its-secret" },
  });
  await operator.call("PATCH", `/auth_configs/${made.id}`, 200, { default: true });
  const { link } = await operator.session("Refused Ltd", { provider: "oidc" });
  await page.goto(link);
  const opened = page.waitForEvent("popup");
  await new HubPage(page).connect.click();
  await authorizeAt(await opened, "gil");
  await expect(page.getByRole("alert")).toContainText("rejects the client credentials");

  const { cookie } = await logIn(server);
  await context.addCookies([{ ...cookie, url: server.url }]);
  const dashboard = new Dashboard(page, server);
  await dashboard.open("/profiles");
  const row = page.getByRole("row").filter({ hasText: "Wrong app" });
  await expect(row.getByRole("status")).toContainText("First reported");
  await expectAccessible(page);
  await page.screenshot({ path: test.info().outputPath("alarm.png") });
  await row.getByRole("button", { name: "Actions for Wrong app" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByLabel("Client Secret").fill(CLIENT.secret);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(row.getByRole("status")).toHaveCount(0);

  // The account's page shows the scopes that were not granted and the actions that need them.
  const again = await operator.session("Less Ltd", { provider: "oidc" });
  await page.goto(again.link);
  const second = page.waitForEvent("popup");
  await new HubPage(page).connect.click();
  // The provider still has a session.
  await (await second).getByRole("button", { name: "Continue" }).click();
  await expect(new HubPage(page).heading("Example OIDC is connected")).toBeVisible();
  await dashboard.open("/accounts");
  await page.getByRole("link", { name: "Less Ltd" }).first().click();
  const missing = page.getByRole("alert").filter({ hasText: "granted fewer" });
  await expect(missing.getByRole("listitem")).toHaveText(["List things (things)"]);
  await expect(page.getByText("1 of 2 actions")).toBeVisible();
  await expectAccessible(page);
  await page.screenshot({ path: test.info().outputPath("missing.png"), fullPage: true });
  await missing.getByRole("button", { name: "Reconnect account" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
});
