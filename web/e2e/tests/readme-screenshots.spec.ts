/** The screenshots of the README: the Accounts page with realistic accounts, and the Hub. */

import { Api } from "../support/api.ts";
import { Dashboard, logIn } from "../support/dashboard.ts";
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

test.skip(screenshotsPath() === undefined, "runs only if screenshots are taken");
test.use({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });

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

    const dashboard = new Dashboard(page, server);
    await dashboard.open("/accounts");
    await expect(dashboard.row("Aurora Logistics")).toBeVisible();
    await takeScreenshot(page, "dashboard");

    await page.setViewportSize({ width: 1280, height: 980 });
    await page.goto((await operator.session("Aurora Logistics")).link);
    await expect(new HubPage(page).heading("Connect SpotDraft")).toBeVisible();
    await takeScreenshot(page, "hub");
  } finally {
    await server.stop();
  }
});
