import { expect, test } from "vitest";
import { type AgentValues, CLIENTS, MODES, mcpUrl } from "./agentSnippets.ts";

const values: AgentValues = { baseUrl: "https://pb.test", account: "acc1", mode: "meta" };
const snippet = (key: string, account = values.account): string => {
  const client = CLIENTS.find((client) => client.key === key);
  if (client === undefined) throw new Error(`no client ${key}`);
  return client.snippet({ ...values, account });
};

test("the address names every mode but the default one", () => {
  const urls = MODES.map((mode) => mcpUrl({ ...values, mode }));
  expect(urls).toEqual([
    "https://pb.test/mcp",
    "https://pb.test/mcp?tool-mode=search_execute",
    "https://pb.test/mcp?tool-mode=meta",
  ]);
});

test("each client has the account and the mode, and no key", () => {
  for (const client of CLIENTS) {
    const text = client.snippet(values);
    expect(text, client.name).toContain("acc1");
    expect(text, client.name).toContain("meta");
    expect(text, client.name).not.toMatch(/v1\.|pb_/);
  }
});

test("settings are valid JSON", () => {
  const cursor = JSON.parse(snippet("cursor"));
  expect(cursor.mcpServers.patchbay.url).toBe("https://pb.test/mcp?tool-mode=meta");
  const code = JSON.parse(snippet("vscode"));
  expect(code.servers.patchbay.headers["x-account-id"]).toBe("acc1");
  const stdio = JSON.parse(snippet("stdio"));
  expect(stdio.mcpServers.patchbay.args).toContain("--tool-mode");
});

test("values do not end a string", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: hostile text that must stay text
  const hostile = "a'\"b</script>${x}\n";
  const shell = snippet("claude", hostile);
  expect(shell).toContain("'x-account-id: a'\\''\"b</script>");
  expect(JSON.parse(snippet("cursor", hostile)).mcpServers.patchbay.headers["x-account-id"]).toBe(hostile);
  expect(snippet("vercel", hostile)).not.toContain("</script>");
  expect(snippet("langchain", hostile)).toContain('"a\'\\"b\\u003c/script>');
});
