/** Logs: empty, failing, thousands of rows, the filters of the address, the live tail, and the drawer of one log. */
import { readFile } from "node:fs/promises";
import type { Route } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { choose } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";

/** The list of logs, not the page with this name. */
const LIST = (url: URL) => url.pathname === "/logs";
const TOTAL = 10_000;
const PAGE_SIZE = 100;
const START = Date.parse("2026-01-15T10:30:00.000Z");

const idOf = (number: number) => `018f3b2c-7e1a-7c3d-9b4e-${String(number).padStart(12, "0")}`;

const log = (number: number, change: Record<string, unknown> = {}) => ({
  log_id: idOf(number),
  log_type: "action",
  action_run_id: idOf(number),
  event_time: new Date(START + number * 1_000).toISOString(),
  start_time: new Date(START + number * 1_000).toISOString(),
  end_time: new Date(START + number * 1_000 + 200).toISOString(),
  duration_ms: 200,
  project_id: "p",
  account_id: "a",
  success: true,
  status_code: 200,
  error_code: null,
  message: null,
  connector_key: "spotdraft",
  connector_version: "1.0.0",
  action_id: `spotdraft_action_${number}`,
  http_method: "GET",
  url: "https://api.example.com/contracts",
  request_id: "req-1",
  source_type: "api",
  is_background: false,
  origin_owner_name: "Acme Ltd",
  step_count: 1,
  steps_left_out: 0,
  ...change,
});

/** Answers a page of ten thousand logs, newest first. */
const answerPage = (route: Route) => answerPageOf(route, TOTAL, PAGE_SIZE);

function answerPageOf(route: Route, total: number, pageSize: number) {
  const { next } = route.request().postDataJSON() as { next?: string };
  const newest = Number(next ?? total);
  const data = Array.from({ length: Math.min(pageSize, newest) }, (_, index) => log(newest - index));
  const rest = newest - data.length;
  return route.fulfill({
    json: {
      data,
      query: { page: 1, page_size: pageSize },
      total: next === undefined && total <= TOTAL ? total : null,
      total_at_least: TOTAL,
      next: rest > 0 ? String(rest) : null,
      complete: true,
      searched_from: null,
    },
  });
}

const EMPTY = {
  data: [],
  query: { page: 1, page_size: PAGE_SIZE },
  total: 0,
  total_at_least: 0,
  next: null,
  complete: true,
  searched_from: null,
};

test("without a log the page says what will be there", async ({ dashboard }) => {
  const { page } = dashboard;
  await page.route(LIST, (route) => route.fulfill({ json: EMPTY }));
  await dashboard.open("/logs");
  await expect(page.getByText("No logs yet")).toBeVisible();
  await expectAccessible(page);
  await dashboard.open("/logs?result=failure");
  await expect(page.getByText("No matching logs")).toBeVisible();
  await page.getByRole("link", { name: "Clear filters" }).click();
  await expect(page).toHaveURL(/\/logs$/);
  await expect(page.getByText("No logs yet")).toBeVisible();
});

test("a list that cannot be loaded says so and can be retried", async ({ dashboard }) => {
  const { page } = dashboard;
  await page.route(LIST, (route) => route.fulfill({ status: 503, json: {} }));
  await dashboard.open("/logs");
  await expect(page.getByText("Could not load logs")).toBeVisible({ timeout: 20_000 });
  await expectAccessible(page);
  await page.unroute(LIST);
  await page.route(LIST, answerPage);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("10,000 logs.")).toBeVisible();
});

test("ten thousand logs scroll, and only the visible ones are in the page", async ({ dashboard }) => {
  const { page } = dashboard;
  await page.route(LIST, answerPage);
  await dashboard.open("/logs");
  const table = page.getByRole("table", { name: "Logs" });
  const rows = table.getByRole("link");
  await expect(rows.first()).toHaveText("spotdraft_action_10000");
  expect(await rows.count()).toBeLessThan(80);
  await expectAccessible(page);
  for (const number of [9_890, 9_790, 9_690]) {
    await expect(async () => {
      await table.evaluate((element) => {
        const scroller = element.closest(".pb-log-rows");
        if (scroller !== null) scroller.scrollTop += 2_000;
      });
      const name = (await rows.last().textContent()) ?? "";
      expect(Number(name.replace("spotdraft_action_", ""))).toBeLessThan(number);
    }).toPass();
  }
  expect(await rows.count()).toBeLessThan(80);
  await expectAccessible(page);
});

test("a hundred thousand logs scroll to the oldest one", async ({ dashboard }) => {
  const { page } = dashboard;
  const total = 100_000;
  await page.route(LIST, (route) => answerPageOf(route, total, 10_000));
  await dashboard.open("/logs");
  await expect(page.getByText("More than 10,000 logs.")).toBeVisible();
  const table = page.getByRole("table", { name: "Logs" });
  const rows = table.getByRole("link");
  await expect(async () => {
    await table.evaluate((element) => {
      const scroller = element.closest(".pb-log-rows");
      if (scroller !== null) scroller.scrollTop = scroller.scrollHeight;
    });
    await expect(rows.last()).toHaveText("spotdraft_action_1", { timeout: 500 });
  }).toPass();
  await expect(table).toHaveAttribute("aria-rowcount", String(total + 1));
  expect(await rows.count()).toBeLessThan(80);
  // The newest one is a key away from the oldest one, and nothing is loaded again.
  await page.unroute(LIST);
  await page.route(LIST, (route) => route.abort());
  await rows.last().focus();
  await table.evaluate((element) => element.closest(".pb-log-rows")?.scrollTo({ top: 0 }));
  await expect(rows.first()).toHaveText(`spotdraft_action_${total}`);
  expect(await rows.count()).toBeLessThan(80);
});

test("a view is saved under a name, opened, replaced and deleted, only by keyboard", async ({
  dashboard,
}) => {
  const { page } = dashboard;
  await page.route(LIST, answerPage);
  await dashboard.open("/logs");
  const menu = page.getByRole("button", { name: "Views" });
  const dialog = page.getByRole("dialog");
  await menu.press("Enter");
  await page.getByRole("menuitem", { name: "Save this view" }).press("Enter");
  await expect(dialog.getByText("Choose a filter first")).toBeVisible();
  await page.keyboard.press("Escape");

  await dashboard.open("/logs?result=429&period=day");
  await menu.press("Enter");
  await page.getByRole("menuitem", { name: "Save this view" }).press("Enter");
  const name = dialog.getByLabel("Name of the view");
  await expect(name).toBeFocused();
  await page.keyboard.type("Rate limited today");
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);

  await dashboard.open("/logs?q=late");
  await menu.press("Enter");
  const item = page.getByRole("menuitem", { name: "Rate limited today" });
  await expect(item).not.toHaveAttribute("aria-current", "true");
  await expectAccessible(page);
  await item.press("Enter");
  await expect(page).toHaveURL(/result=(%22)?429/);
  await expect(page).toHaveURL(/period=day/);
  await expect(page).not.toHaveURL(/late/);
  await menu.press("Enter");
  await expect(item).toHaveAttribute("aria-current", "true");

  await page.getByRole("menuitem", { name: "Save or delete a view" }).press("Enter");
  await name.fill("Rate limited today");
  await expect(dialog.getByRole("button", { name: "Replace" })).toBeEnabled();
  await dialog.getByRole("button", { name: "Delete the view Rate limited today" }).press("Enter");
  await expect(dialog.getByRole("listitem")).toHaveCount(0);
  await page.reload();
  await menu.press("Enter");
  await expect(page.getByRole("menuitem")).toHaveCount(1);
});

test("logs are exported as JSON lines and CSV, and a failure says so", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Exported Ltd");
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(200);
  await dashboard.open(`/logs?account=${id}&action=spotdraft_list_contract_types`);
  await expect(async () => {
    await page.getByRole("button", { name: "Refresh" }).click();
    await expect(page.getByText("1 log.")).toBeVisible({ timeout: 2_000 });
  }).toPass();
  const dialog = page.getByRole("dialog");
  const save = async (format: RegExp) => {
    await page.getByRole("button", { name: "Export" }).click();
    await dialog.getByRole("radio", { name: format }).check();
    await expectAccessible(page);
    const download = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Export" }).click();
    const file = await download;
    await expect(dialog).toHaveCount(0);
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
  };
  const lines = await save(/JSON lines/);
  expect(lines.name).toMatch(/^logs-.+\.jsonl$/);
  expect(JSON.parse(lines.text.trim())).toMatchObject({ account_id: id, success: true });
  const table = await save(/CSV/);
  expect(table.name).toMatch(/\.csv$/);
  expect(table.text.trim().split(/\r?\n/)).toHaveLength(2);
  expect(table.text).toContain(id);

  await page.route(
    (url) => url.pathname === "/logs/export",
    (route) => route.fulfill({ status: 503, json: { message: "the logs are away" } }),
  );
  await page.getByRole("button", { name: "Export" }).click();
  await dialog.getByRole("button", { name: "Export" }).click();
  await expect(dialog.getByRole("alert")).toContainText("The logs are away.");
  await expectAccessible(page);
});

test("filters are in the address and in the request", async ({ dashboard }) => {
  const { page } = dashboard;
  const bodies: { filters: Record<string, unknown> }[] = [];
  await page.route(LIST, (route) => {
    bodies.push(route.request().postDataJSON());
    return answerPage(route);
  });
  await dashboard.open("/logs?result=429&action=spotdraft_list_contracts&q=late");
  await expect(page.getByRole("textbox", { name: "Search" })).toHaveValue("late");
  await expect(page.getByText("10,000 logs.")).toBeVisible();
  expect(bodies[0]?.filters).toEqual({
    action_id: ["spotdraft_list_contracts"],
    status_code: ["429"],
    message: "late",
  });
  await choose(page, "Result", "Failed");
  await expect(page).toHaveURL(/result=failure/);
  await choose(page, "Time", "Last 24 hours");
  await expect(page).toHaveURL(/period=day/);
  await page.getByRole("textbox", { name: "Search" }).fill("timed out");
  await expect(page).toHaveURL(/q=timed/);
  await expect.poll(() => bodies.at(-1)?.filters).toMatchObject({ success: false, message: "timed out" });
  expect(bodies.at(-1)?.filters).toHaveProperty("start_time");
  await expectAccessible(page);
});

test("the drawer of a log says what failed, and its address leads to it", async ({ dashboard }) => {
  const { page } = dashboard;
  const failed = log(7, {
    success: false,
    status_code: 502,
    error_code: "ProviderUnreachableError",
    message: "no connection could be made to api.example.com",
    user_agent: "secret-agent",
  });
  const attempt = {
    http_method: "GET",
    url: "https://api.example.com/contracts",
    status_code: null,
    message: "no connection could be made",
    start_time: failed.start_time,
    duration_ms: 50,
  };
  const step = {
    log_type: "step",
    action_run_id: failed.log_id,
    step_index: 0,
    step_id: "list",
    step_function_name: "request",
    step_iterations: 1,
    start_time: failed.start_time,
    duration_ms: 160,
    skipped: false,
    success: false,
    status_code: 502,
    message: null,
    attempts: [attempt],
  };
  await page.route(LIST, (route) => route.fulfill({ json: { ...EMPTY, data: [failed], total: 1 } }));
  await page.route(`**/logs/actions/${failed.log_id}/advanced`, (route) =>
    route.fulfill({ json: { ...failed, request: null, response: null, provider_requests: [attempt] } }),
  );
  await page.route(`**/logs/actions/${failed.log_id}/steps?*`, (route) =>
    route.fulfill({ json: { ...EMPTY, data: [step], total: 1 } }),
  );
  await dashboard.open("/logs");
  await page.getByRole("link", { name: "spotdraft_action_7" }).click();
  await expect(page).toHaveURL(new RegExp(`run=${failed.log_id}`));
  const drawer = page.getByRole("dialog");
  await expect(drawer.getByText("The provider could not be reached")).toBeVisible();
  await expect(drawer.getByText("No connection could be made to api.example.com.")).toBeVisible();
  const parts = drawer.getByRole("list", { name: "Steps and requests" });
  await expect(parts.getByRole("listitem")).toHaveCount(2);
  await expect(parts).toContainText("1. list (request)");
  await expect(parts).toContainText("no response");
  await expect(drawer.getByText("Headers and bodies of this call were not kept.")).toBeVisible();
  await expect(drawer.getByRole("link", { name: "Run again" })).toHaveAttribute(
    "href",
    /\/run\?account=a&action=spotdraft_action_7/,
  );
  await expect(drawer.getByRole("button", { name: "Copy for support" })).toBeVisible();
  await expectAccessible(page);

  await page.reload();
  await expect(drawer.getByText("The provider could not be reached")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);
  await expect(page).toHaveURL(/\/logs$/);
});

test("the drawer says that a log does not exist", async ({ dashboard }) => {
  const { page } = dashboard;
  await page.route(LIST, (route) => route.fulfill({ json: EMPTY }));
  await dashboard.open(`/logs?run=${idOf(1)}`);
  await expect(page.getByRole("dialog").getByText("Could not load the log")).toBeVisible();
  await expectAccessible(page);
});

test("an account's page leads to its logs, and new ones appear while the page is live", async ({
  dashboard,
  api,
}) => {
  const { page } = dashboard;
  const id = await api.link("Live Tail Ltd");
  await dashboard.open(`/accounts/${id}`);
  await page.getByRole("main").getByRole("link", { name: "Logs", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/logs\\?account=${id}`));
  await page.getByRole("switch", { name: "Live" }).press("Space");
  await expect(page.getByText("New logs appear as they are written.")).toBeVisible({ timeout: 20_000 });
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(200);
  const row = page.getByRole("link", { name: "spotdraft_list_contract_types" });
  await expect(row).toBeVisible({ timeout: 20_000 });
  await row.click();
  const parts = page.getByRole("dialog").getByRole("list", { name: "Steps and requests" });
  await expect(parts.getByRole("listitem").first()).toBeVisible();
  await expectAccessible(page);
});
