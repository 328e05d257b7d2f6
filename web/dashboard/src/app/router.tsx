/** All routes of the dashboard. Each page is loaded when it is first opened. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { parseFilters } from "../features/accounts/filters.ts";
import { parseLogFilters } from "../features/logs/filters.ts";
import { parsePeriod } from "../features/overview/periods.ts";
import { NotFound } from "./NotFound.tsx";
import { Shell } from "./Shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("../features/start/Home.tsx"), "Home"),
});
const start = createRoute({
  getParentRoute: () => root,
  path: "/start",
  component: lazyRouteComponent(() => import("../features/start/StartPage.tsx"), "StartPage"),
});
const overview = createRoute({
  getParentRoute: () => root,
  path: "/overview",
  validateSearch: parsePeriod,
  component: lazyRouteComponent(() => import("../features/overview/OverviewPage.tsx"), "OverviewPage"),
});
const accounts = createRoute({
  getParentRoute: () => root,
  path: "/accounts",
  validateSearch: parseFilters,
  component: lazyRouteComponent(() => import("../features/accounts/AccountsPage.tsx"), "AccountsPage"),
});
const account = createRoute({
  getParentRoute: () => root,
  path: "/accounts/$accountId",
  component: lazyRouteComponent(() => import("../features/accounts/AccountPage.tsx"), "AccountPage"),
});
const connectors = createRoute({
  getParentRoute: () => root,
  path: "/connectors",
  component: lazyRouteComponent(() => import("../features/connectors/ConnectorsPage.tsx"), "ConnectorsPage"),
});
const connector = createRoute({
  getParentRoute: () => root,
  path: "/connectors/$key",
  component: lazyRouteComponent(() => import("../features/connectors/ConnectorPage.tsx"), "ConnectorPage"),
});
const profiles = createRoute({
  getParentRoute: () => root,
  path: "/profiles",
  component: lazyRouteComponent(() => import("../features/profiles/ProfilesPage.tsx"), "ProfilesPage"),
});
const run = createRoute({
  getParentRoute: () => root,
  path: "/run",
  validateSearch: (
    search: Record<string, unknown>,
  ): { account?: string; action?: string; connector?: string } =>
    Object.fromEntries(
      ["account", "action", "connector"]
        .map((name) => [name, text(search[name])])
        .filter(([, value]) => value),
    ),
  component: lazyRouteComponent(() => import("../features/runner/RunnerPage.tsx"), "RunnerPage"),
});
const agents = createRoute({
  getParentRoute: () => root,
  path: "/agents",
  validateSearch: (search: Record<string, unknown>): { account?: string } => {
    const account = text(search.account);
    return account === undefined ? {} : { account };
  },
  component: lazyRouteComponent(() => import("../features/agents/AgentPage.tsx"), "AgentPage"),
});
const logs = createRoute({
  getParentRoute: () => root,
  path: "/logs",
  validateSearch: parseLogFilters,
  component: lazyRouteComponent(() => import("../features/logs/LogsPage.tsx"), "LogsPage"),
});
const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("../features/webhooks/WebhooksPage.tsx"), "WebhooksPage"),
});
const webhook = createRoute({
  getParentRoute: () => root,
  path: "/webhooks/$webhookId",
  component: lazyRouteComponent(() => import("../features/webhooks/WebhookPage.tsx"), "WebhookPage"),
});
const apiKeys = createRoute({
  getParentRoute: () => root,
  path: "/keys",
  component: lazyRouteComponent(() => import("../features/apiKeys/ApiKeysPage.tsx"), "ApiKeysPage"),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("../features/settings/SettingsPage.tsx"), "SettingsPage"),
});

export function createAppRouter() {
  return createRouter({
    routeTree: root.addChildren([
      index,
      start,
      overview,
      accounts,
      account,
      connectors,
      connector,
      profiles,
      run,
      agents,
      logs,
      webhooks,
      webhook,
      apiKeys,
      settings,
    ]),
    basepath: "/dashboard",
    defaultPreload: "intent",
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
