/** The pages of the documentation that the dashboard links, each where a person needs it. */

export interface DocsTarget {
  path: string;
  /** What the page tells, after "Learn more about". */
  about: string;
}

export const DOCS = {
  overview: { path: "/docs/operate/overview", about: "the overview" },
  accounts: { path: "/docs/guides/accounts-section", about: "the Accounts page" },
  account: { path: "/docs/guides/accounts-section#the-page-of-an-account", about: "the page of an account" },
  statuses: { path: "/docs/guides/accounts-section#statuses", about: "statuses" },
  reconnecting: { path: "/docs/link-accounts/reconnecting", about: "reconnecting" },
  linking: { path: "/docs/link-accounts", about: "the three ways to link" },
  authLinks: { path: "/docs/link-accounts/auth-links", about: "auth links" },
  embedding: { path: "/docs/link-accounts/embed", about: "embedding the Hub" },
  quickstart: { path: "/docs/quickstart", about: "the first steps" },
  connectors: { path: "/docs/connectors", about: "every connector" },
  profiles: { path: "/docs/guides/connector-profiles", about: "profiles" },
  oauthApps: { path: "/docs/guides/connector-profiles#register-an-oauth-app", about: "OAuth apps" },
  versions: { path: "/docs/guides/connector-versioning", about: "versions" },
  runner: { path: "/docs/guides/running-actions", about: "running actions" },
  agents: { path: "/docs/agents/mcp", about: "connecting an agent" },
  toolModes: { path: "/docs/agents/tools#modes", about: "the modes" },
  webhooks: {
    path: "/docs/guides/webhooks",
    about: "events, signatures and what happens when a receiver fails",
  },
  logs: { path: "/docs/operate/logs#dashboard", about: "logs" },
  apiKeys: { path: "/docs/guides/api-keys", about: "keys and their scopes" },
  settings: { path: "/docs/guides/project-settings", about: "the settings of a project" },
  servers: { path: "/docs/operate/replicas", about: "several servers" },
  projects: { path: "/docs/operate/projects", about: "projects" },
} as const satisfies Record<string, DocsTarget>;

/** Returns the page of a connector. */
export const connectorDocs = (key: string, name: string): DocsTarget => ({
  path: `/docs/connectors/${encodeURIComponent(key)}`,
  about: name,
});

/** The codes that the browser gives to a failure without an answer of the server. */
const CODES_OF_THE_BROWSER = new Set(["NetworkError", "UnexpectedError", "UnknownError"]);

/** Returns the place of an error code in the documentation; null if the server does not know the code. */
export function errorDocs(code: string): DocsTarget | null {
  if (CODES_OF_THE_BROWSER.has(code)) return null;
  return { path: `/docs/errors#${encodeURIComponent(code)}`, about: code };
}
