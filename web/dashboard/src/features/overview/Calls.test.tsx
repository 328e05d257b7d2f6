/** The numbers of calls and their table, for an empty server, a failing one, and one with calls. */

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Calls } from "./Calls.tsx";

// The charts repeat the numbers for the eye; drawing them needs a real browser.
vi.mock("./CallCharts.tsx", () => ({ CallCharts: () => null }));

afterEach(cleanup);

const counts = (part: object) => ({
  dimensions: {},
  requests: 1200,
  errors: 3,
  duration_ms: { avg: 20, p50: 12, p95: 250, p99: 900 },
  ...part,
});

function show(answer: (body: { interval_type?: string; filters: object }) => [number, unknown]) {
  const bodies: { interval_type?: string; filters: object }[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const body = await request.json();
    bodies.push(body);
    const [status, content] = answer(body);
    return new Response(JSON.stringify(content), {
      status,
      headers: { "content-type": "application/json" },
    });
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider>
      <QueryClientProvider client={client}>
        <Calls period="24h" onPeriod={() => {}} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return bodies;
}

const stats = (data: unknown[], searched_from: string | null = null) => ({
  data,
  complete: searched_from === null,
  searched_from,
});

test("names the period that has none", async () => {
  const bodies = show(() => [200, stats([])]);
  expect(await screen.findByText("No calls in the last 24 hours.")).toBeDefined();
  // Tests of new accounts do not count.
  expect(bodies[0]?.filters).toMatchObject({ source_type: ["api", "dashboard", "mcp"] });
});

test("shows a failure once, with a button to try again", async () => {
  show(() => [503, { statusCode: 503, errorCode: "LogsUnavailableError", message: "the logs are away" }]);
  expect((await screen.findByRole("alert")).textContent).toContain("The logs are away.");
  expect(screen.getAllByRole("button", { name: "Try again" })).toHaveLength(1);
});

test("shows the numbers, and a table with a row for each hour", async () => {
  show(({ interval_type }) => {
    const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
    return [200, stats([counts(interval_type === undefined ? {} : { time: hour })])];
  });
  expect((await screen.findByText("1,200", { selector: "dd" })).previousSibling?.textContent).toBe("Calls");
  expect(screen.getByText("3 (0.3 %)")).toBeDefined();
  const table = await screen.findByRole("table", { name: "Calls over time", hidden: true });
  const rows = [...table.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("td")].map((cell) => cell.textContent),
  );
  expect(rows).toHaveLength(24);
  expect(rows.at(-1)).toEqual(["1,200", "3", "250 ms"]);
  expect(rows[0]).toEqual(["0", "0", "–"]);
});

test("tells from when on calls are counted if counting took too long", async () => {
  show(() => [200, stats([counts({})], "2026-03-01T10:00:00Z")]);
  expect(await screen.findByText(/Only calls since .* are counted/)).toBeDefined();
});
