/** The overview: empty, with calls, with a failing server, what needs a person, and by keyboard. */
import type { Page, Route } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { Dashboard, logIn } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { startServer } from "../support/server.ts";

const HOUR_MS = 3_600_000;
const STATS = "**/logs/stats/aggregate";
/** The list of logs, not the page with this name. */
const LOGS = (url: URL) => url.pathname === "/logs";

const failure = {
  status: 503,
  contentType: "application/json",
  body: JSON.stringify({ statusCode: 503, errorCode: "BusyError", message: "the server is busy" }),
};

/** Answers as a server with calls of two connectors in the last hours. */
async function withCalls(page: Page): Promise<void> {
  const counts = (requests: number, errors: number, more: object) => ({
    dimensions: {},
    requests,
    errors,
    duration_ms: { avg: 40, p50: 12, p95: 250, p99: 900 },
    ...more,
  });
  await page.route(STATS, (route: Route) => {
    const { interval_type: interval, dimensions } = route.request().postDataJSON();
    const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const at = (hours: number) => new Date(now - hours * HOUR_MS).toISOString();
    const data =
      dimensions !== undefined
        ? [
            counts(200, 0, { dimensions: { connector_key: "another" } }),
            counts(1000, 3, { dimensions: { connector_key: "spotdraft" } }),
          ]
        : interval === undefined
          ? [counts(1200, 3, {})]
          : [counts(700, 3, { time: at(5) }), counts(500, 0, { time: at(0) })];
    return route.fulfill({ json: { data, complete: true, searched_from: null } });
  });
  const log = {
    log_id: "018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f",
    log_type: "action",
    start_time: new Date().toISOString(),
    account_id: "an-account",
    status_code: 502,
    error_code: "ProviderError",
    message: "the provider answered 500",
    connector_key: "spotdraft",
    action_id: "spotdraft_list_contracts",
    http_method: "GET",
    url: "https://provider.example/contracts",
    origin_owner_name: "Failing Ltd",
  };
  await page.route(LOGS, (route) =>
    route.request().method() === "POST" ? route.fulfill({ json: { data: [log] } }) : route.fallback(),
  );
}

test("a project without accounts and calls leads to the first steps", async ({
  page,
  context,
  serverBinary,
}) => {
  const server = await startServer(serverBinary);
  try {
    const { cookie } = await logIn(server);
    await context.addCookies([{ name: cookie.name, value: cookie.value, url: server.url }]);
    const dashboard = new Dashboard(page, server);
    await dashboard.open("/");
    await expect(page.getByRole("heading", { name: "Get started" })).toBeVisible();
    await page.getByRole("navigation").getByRole("link", { name: "Overview" }).click();
    await expect(page.getByRole("heading", { name: "No accounts yet" })).toBeVisible();
    await expect(page.getByText("No calls in the last 24 hours.").first()).toBeVisible();
    await expect(page.getByText("No call has failed.")).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("link", { name: "Show the first steps" }).click();
    await expect(page.getByRole("heading", { name: "Get started" })).toBeVisible();
  } finally {
    await server.stop();
  }
});

test("a call is counted, and the dashboard opens on the overview", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Overview Ltd");
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(200);
  await expect(async () => {
    await dashboard.open("/");
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
    const connectors = page.getByRole("table", { name: "Calls by connector" });
    await expect(connectors.getByRole("rowheader", { name: "SpotDraft" })).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await page.getByText("Calls over time as a table").click();
  const rows = page.getByRole("table", { name: "Calls over time" }).getByRole("row");
  await expect(rows).toHaveCount(25);
  await page
    .getByRole("region", { name: "Accounts by status" })
    .getByRole("link", { name: /: Active$/ })
    .click();
  await expect(page).toHaveURL(/\/accounts\?status=active/);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`numbers, charts, connectors and failures in ${colorScheme} mode`, async ({ dashboard, traffic }) => {
    const { page } = dashboard;
    await page.emulateMedia({ colorScheme });
    await withCalls(page);
    await dashboard.open("/overview");
    const calls = page.getByRole("region", { name: "Calls", exact: true });
    await expect(calls).toContainText("1,200");
    await expect(calls).toContainText("3 (0.3 %)");
    await expect(page.getByTestId("charts").locator("svg.recharts-surface").first()).toBeVisible();
    const connectors = page.getByRole("table", { name: "Calls by connector" }).getByRole("row");
    await expect(connectors.nth(1)).toContainText("SpotDraft");
    await expect(connectors.nth(2)).toContainText("another");
    const failures = page.getByRole("table", { name: "Newest failures" });
    await expect(failures).toContainText("The provider answered 500.");
    await expect(failures.getByRole("link", { name: "Failing Ltd" })).toHaveAttribute(
      "href",
      /\/accounts\/an-account$/,
    );
    await expect(failures.getByRole("link", { name: "spotdraft_list_contracts" })).toHaveAttribute(
      "href",
      /\/logs\?run=018f3b2c/,
    );
    expect(traffic.blocked).toEqual([]);
    await expectAccessible(page);
  });
}

test("the period is chosen by keyboard and stays in the address", async ({ dashboard }) => {
  const { page } = dashboard;
  await withCalls(page);
  await dashboard.open("/overview");
  await page.getByRole("radio", { name: "24 hours" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/\?period=7d/);
  await expect(page.getByRole("radio", { name: "7 days" })).toBeChecked();
  const summary = page.getByText("Calls over time as a table");
  await summary.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("table", { name: "Calls over time" }).getByRole("row")).toHaveCount(29);
  await page.reload();
  await expect(page.getByRole("radio", { name: "7 days" })).toBeChecked();
});

test("without the logs, the rest of the page works, and each part can be retried", async ({ dashboard }) => {
  const { page } = dashboard;
  await page.route(STATS, (route) => route.fulfill(failure));
  await dashboard.open("/overview");
  const calls = page.getByRole("region", { name: "Calls", exact: true });
  await expect(calls.getByRole("alert")).toContainText("The server is busy.");
  await expect(page.getByRole("table", { name: "Accounts by status" })).toBeVisible();
  await expectAccessible(page);
  await page.unroute(STATS);
  await calls.getByRole("button", { name: "Try again" }).click();
  await expect(calls.getByRole("alert")).toHaveCount(0);
});

test("what needs a person leads to where something can be done", async ({ dashboard }) => {
  const { page } = dashboard;
  await page.route(/\/v2\/accounts\?/, async (route) => {
    if (new URL(route.request().url()).searchParams.get("status") !== "error") return route.fallback();
    const response = await route.fetch({
      url: route
        .request()
        .url()
        .replace(/status=error/, "status=active"),
    });
    const list = await response.json();
    const [account = {}] = list.data;
    const broken = {
      ...account,
      id: "broken",
      owner_name: "Broken Ltd",
      label: null,
      connector: "spotdraft",
      connector_name: "SpotDraft",
      status: "error",
      status_reasons: [{ code: "x", description: "the refresh token was revoked", timestamp: "" }],
    };
    return route.fulfill({ json: { ...list, data: [broken], total: 12 } });
  });
  await dashboard.open("/overview");
  const needs = page.getByRole("region", { name: "Needs a person" });
  await expect(needs.getByRole("link", { name: "Broken Ltd · SpotDraft" })).toHaveAttribute(
    "href",
    /\/accounts\/broken$/,
  );
  await expect(needs).toContainText("The refresh token was revoked.");
  await expectAccessible(page);
  await needs.getByRole("link", { name: "All 12 accounts with rejected credentials" }).click();
  await expect(page).toHaveURL(/\/accounts\?status=error/);
});
