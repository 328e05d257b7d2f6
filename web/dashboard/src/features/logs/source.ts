/** The names of who started a call. */

const LABELS: Record<string, string> = {
  api: "API",
  dashboard: "Dashboard",
  mcp: "MCP",
  connection_test: "Connection test",
  revocation: "Revocation",
};

/** Returns the name of a source. One of a newer server is shown by its wire name. */
export const sourceLabel = (name: string | null): string =>
  name === null ? "—" : Object.hasOwn(LABELS, name) ? (LABELS[name] ?? name) : name;
