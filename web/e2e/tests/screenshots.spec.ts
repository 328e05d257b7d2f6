/** The pictures of the README and the documentation that need realistic data. The other tests take the rest. */
import { Api } from "../support/api.ts";
import { choose, Dashboard, logIn } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { HubPage } from "../support/hub-page.ts";
import { Operator } from "../support/operator.ts";
import { screenshotsPath } from "../support/paths.ts";
import { takeScreenshot } from "../support/screenshots.ts";
import { startServer } from "../support/server.ts";

const OWNERS = [
  "Aurora Logistics",
  "Bluebird Health",
  "Cedar & Stone Law",
  "Delta Robotics",
  "Evergreen Foods",
  "Fjord Shipping",
];

/** The keys of a project: what each is for, and what it may do. */
const KEYS = [
  { name: "Production backend", scopes: ["platform:read", "platform:write", "actions:execute"] },
  { name: "Nightly export", scopes: ["actions:execute"] },
  { name: "Monitoring", scopes: ["platform:read"] },
];

/** Makes calls that succeed, and two that fail because an input is missing, and waits until they are in the logs. */
async function makeCalls(api: Api, ids: readonly string[]): Promise<void> {
  for (const action of ["spotdraft_list_contract_types", "spotdraft_list_contracts"]) {
    for (const id of ids) await api.run(id, action);
  }
  for (const id of ids.slice(2, 4)) await api.run(id, "spotdraft_get_contract_status");
  await expect.poll(() => api.countFailures(), { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
}

test.skip(screenshotsPath() === undefined, "runs only if screenshots are taken");

test("the dashboard and the Hub", async ({ page, context, serverBinary }) => {
  const server = await startServer(serverBinary);
  try {
    const { cookie } = await logIn(server);
    await context.addCookies([{ ...cookie, url: server.url }]);
    const api = new Api(server);
    const operator = new Operator(server);
    const ids: string[] = [];
    for (const owner of OWNERS) ids.push(await api.link(owner));
    await operator.call("PATCH", `/accounts/${ids[1]}`, null, { status: "suspended" });
    await operator.call("PATCH", `/accounts/${ids[3]}`, null, { type: "test" });
    for (const key of KEYS) await operator.call("POST", "/api_keys", 201, key);

    const dashboard = new Dashboard(page, server);
    await dashboard.open("/accounts");
    await expect(dashboard.row("Aurora Logistics")).toBeVisible();
    await takeScreenshot(page, "dashboard-accounts", { width: 1240, height: 760 });

    await makeCalls(api, ids);
    await dashboard.open(`/accounts/${ids[0]}`);
    await expect(page.getByText("98 actions")).toBeVisible();
    const newest = page.getByRole("region", { name: "Newest calls" });
    await expect(newest.getByRole("listitem")).toHaveCount(2);
    await takeScreenshot(page, "dashboard-account", { height: 900 });

    await dashboard.open("/overview");
    await expect(page.getByRole("table", { name: "Newest failures" })).toContainText("400");
    await takeScreenshot(page, "dashboard-overview", { height: 1000 });

    await dashboard.open("/logs");
    const failed = page.getByRole("row").filter({ hasText: "400" }).getByRole("link");
    await expect(failed.first()).toBeVisible();
    await takeScreenshot(page, "dashboard-logs", { height: 760 });
    await page.getByRole("link", { name: "spotdraft_list_contracts" }).first().click();
    const drawer = page.getByRole("dialog");
    await expect(drawer.getByRole("list", { name: "Steps and requests" })).toBeVisible();
    await takeScreenshot(page, "dashboard-log", { height: 900 });

    const hook = await operator.call("POST", "/webhooks", 201, {
      name: "Production",
      url: "https://app.example.com/patchbay",
      events: ["account.created", "account.reauth_required", "account.deleted"],
    });
    await operator.call("POST", "/webhooks", 201, {
      name: "Candidates",
      url: "https://hooks.example.com/candidates",
      events: [],
      connector_events: ["bamboohr:*"],
    });
    await dashboard.open("/webhooks");
    await expect(page.getByRole("row").filter({ hasText: "Production" })).toBeVisible();
    await takeScreenshot(page, "dashboard-webhooks", { height: 660 });
    await operator.call("DELETE", `/webhooks/${hook.id}`, null);

    await dashboard.open("/keys");
    await expect(page.getByRole("row").filter({ hasText: "Nightly export" })).toBeVisible();
    await takeScreenshot(page, "dashboard-api-keys", { height: 480 });

    await dashboard.open("/profiles");
    await page.getByRole("button", { name: "Create connector profile" }).click();
    await choose(page, "Connector", "SpotDraft");
    await page.getByLabel("Name").fill("Read only");
    await page.getByText("Selected actions").click();
    await page.getByRole("button", { name: "Select read-only" }).click();
    await takeScreenshot(page, "dashboard-profile", { height: 860 });

    await page.goto((await operator.session("Aurora Logistics")).link);
    await expect(new HubPage(page).heading("Connect SpotDraft")).toBeVisible();
    await takeScreenshot(page, "hub", { height: 900 });
  } finally {
    await server.stop();
  }
});
