/** The test fixtures: a server and a host page per worker; an API client, a Hub and a traffic record per test. */
import { test as base } from "@playwright/test";
import { Api } from "./api.ts";
import { Dashboard, logIn, type Member } from "./dashboard.ts";
import { type Server, startServer } from "./server.ts";
import { StockHub } from "./stock-hub.ts";
import { type StockHubHost, startStockHubHost } from "./stock-hub-host.ts";
import { Traffic } from "./traffic.ts";

/** The options set in the configuration. */
export interface WorkerOptions {
  /** The binary under test. */
  serverBinary: string;
}

interface WorkerFixtures {
  host: StockHubHost;
  member: Member;
}

interface TestFixtures {
  hub: StockHub;
  traffic: Traffic;
  dashboard: Dashboard;
}

/** Only a server and its API client: no fixture opens a browser. */
export const serverTest = base.extend<{ api: Api }, WorkerOptions & { server: Server }>({
  serverBinary: ["", { scope: "worker", option: true }],
  server: [
    async ({ serverBinary }, use) => {
      const server = await startServer(serverBinary);
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  api: async ({ server }, use) => use(new Api(server)),
});

export const test = serverTest.extend<TestFixtures, WorkerFixtures>({
  host: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's shape
    async ({}, use) => {
      const host = await startStockHubHost();
      await use(host);
      await host.stop();
    },
    { scope: "worker" },
  ],
  // The one-time link works only once, so each worker logs in once and shares the cookie.
  member: [async ({ server }, use) => use(await logIn(server)), { scope: "worker" }],
  dashboard: async ({ page, context, member, server, traffic: _traffic }, use) => {
    await context.addCookies([{ name: member.cookie.name, value: member.cookie.value, url: server.url }]);
    await use(new Dashboard(page, server));
  },
  traffic: [async ({ context }, use) => use(await Traffic.watch(context)), { auto: true }],
  // Traffic must be recorded before the first page is opened.
  hub: async ({ page, traffic: _traffic }, use) => use(new StockHub(page)),
});

export { expect } from "@playwright/test";
