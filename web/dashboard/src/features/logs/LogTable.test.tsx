/** The list has as many rows in the page as are visible, however many logs there are. */

import { MantineProvider } from "@mantine/core";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { cleanup, render, screen } from "@testing-library/react";
import { useRef } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ActionLog } from "../../api/logs.ts";
import { LogTable } from "./LogTable.tsx";
import { logWith } from "./testing.ts";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** Answers media queries as a window of this width does, in pixels. */
function setWidth(width: number): void {
  vi.stubGlobal("matchMedia", (query: string) => {
    const [, end, ems] = /\((min|max)-width: ([\d.]+)em\)/.exec(query) ?? [];
    const limit = Number(ems) * 16;
    return {
      matches: end === "min" ? width >= limit : end === "max" ? width <= limit : false,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    };
  });
}

beforeEach(() => {
  // The simulated browser has no layout.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(560);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1000);
});

function show(logs: ActionLog[], canLoadMore: boolean, onLoadMore = vi.fn()) {
  function Page() {
    const scroller = useRef<HTMLDivElement>(null);
    return (
      <LogTable
        logs={logs}
        scroller={scroller}
        search={{ result: "failure" }}
        canLoadMore={canLoadMore}
        isLoadingMore={false}
        onLoadMore={onLoadMore}
        onScroll={() => undefined}
      />
    );
  }
  const router = createRouter({
    routeTree: createRootRoute({ component: Page }),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  render(
    <MantineProvider>
      <RouterProvider router={router as never} />
    </MantineProvider>,
  );
  return onLoadMore;
}

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => logWith({ log_id: `log-${index}` }));

test("a hundred thousand logs are a few rows", async () => {
  const onLoadMore = show(many(100_000), true);
  const links = await screen.findAllByRole("link", { name: "spotdraft_list_contracts" });
  expect(links.length).toBeGreaterThan(5);
  expect(links.length).toBeLessThan(60);
  expect(links[0]?.getAttribute("href")).toBe("/logs?result=failure&run=log-0");
  expect(onLoadMore).not.toHaveBeenCalled();
});

test("the next page is loaded before the end is reached, if there is one", async () => {
  const onLoadMore = show(many(20), true);
  expect((await screen.findByRole("table")).getAttribute("aria-rowcount")).toBe("-1");
  expect(onLoadMore).toHaveBeenCalled();
});

test("the last page has a known number of rows", async () => {
  const onLoadMore = show(many(20), false);
  expect((await screen.findByRole("table")).getAttribute("aria-rowcount")).toBe("21");
  expect(onLoadMore).not.toHaveBeenCalled();
});

test("a narrow window keeps the call and its status, and leaves the rest to the drawer", async () => {
  setWidth(800);
  show(many(1), false);
  const headings = (await screen.findAllByRole("columnheader")).map(({ textContent }) => textContent);
  expect(headings).toEqual(expect.arrayContaining(["Call", "Status"]));
  expect(headings).not.toContain("Source");
  expect(headings).not.toContain("Duration");
});

test("a raw request is named by its address", async () => {
  setWidth(1280);
  show([logWith({ log_type: "unified", action_id: null, account_id: null, origin_owner_name: null })], false);
  const row = (await screen.findByRole("link", { name: "GET https://api.example.com/contracts" })).closest(
    "tr",
  );
  expect(row?.textContent).toContain("spotdraft · raw request");
  expect(row?.textContent).toContain("200 ms");
  expect(row?.textContent).toContain("API");
});
