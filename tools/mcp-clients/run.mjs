/**
 * Proves that published clients of MCP work against a server: list, call, file, error, and three accounts of which one is dead.
 *
 * Usage, in this folder: `npm ci`, then `node run.mjs PATH_OF_PATCHBAY [PYTHON…]`. Each PYTHON is an interpreter with
 * the packages of requirements-mcp1.txt or requirements-mcp2.txt; the clients that it has are run, too.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { createMCPClient } from "@ai-sdk/mcp";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";

const [binary, ...pythons] = process.argv.slice(2);
const KEY = "v1.local.bWNwLWNsaWVudHMtdGVzdC1rZXktMDAwMDA";
const LIST = "spotdraft_list_contracts";

const FILE = "spotdraft_download_contract";

async function api(url, method, path, body, headers = {}) {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json", authorization: `Basic ${btoa(`${KEY}:`)}`, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

/** Links an account with the credentials of the sandbox. */
async function link(url, owner) {
  const session = { origin_owner_id: owner, origin_owner_name: owner, provider: "spotdraft" };
  const { token } = await api(url, "POST", "/connect_sessions", session);
  const hub = { "x-hub-session-token": token };
  const { integrations } = await api(url, "GET", "/hub/connectors", undefined, hub);
  const credentials = { clientId: "sandbox-client-id", clientSecret: "sandbox-client-secret", region: "us" };
  const linked = { integration_id: integrations[0].integration_id, credentials };
  return (await api(url, "POST", "/hub/accounts", linked, hub)).id;
}

const headersOf = (account) => ({ Authorization: `Bearer ${KEY}`, "x-account-id": account });

/** Returns the blocks of a message, which LangChain writes as text if there is only one. */
function blocksOf(content) {
  if (typeof content !== "string") return content;
  try {
    const block = JSON.parse(content);
    return block.type === undefined ? [{ type: "text", text: content }] : [block];
  } catch {
    return [{ type: "text", text: content }];
  }
}

/** What each client does, in its own words. */
const CLIENTS = {
  async "@modelcontextprotocol/sdk 1.x"(url, account) {
    const client = new Client({ name: "proof", version: "1" });
    const requestInit = { headers: headersOf(account) };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
    return {
      list: async () => (await client.listTools()).tools,
      call: (name, args) => client.callTool({ name, arguments: args }),
      close: () => client.close(),
    };
  },
  async "patchbay mcp, with @modelcontextprotocol/sdk 1.x"(url, account) {
    const client = new Client({ name: "proof", version: "1" });
    const args = ["mcp", "--url", url, "--account", account];
    await client.connect(new StdioClientTransport({ command: binary, args, env: { PATCHBAY_API_KEY: KEY } }));
    return {
      list: async () => (await client.listTools()).tools,
      call: (name, args) => client.callTool({ name, arguments: args }),
      close: () => client.close(),
    };
  },
  async "@modelcontextprotocol/client 2.x"(url, account) {
    const sdk = await import("@modelcontextprotocol/client");
    const client = new sdk.Client({ name: "proof", version: "1" });
    const requestInit = { headers: headersOf(account) };
    await client.connect(new sdk.StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
    return {
      list: async () => (await client.listTools()).tools,
      call: (name, args) => client.callTool({ name, arguments: args }),
      close: () => client.close(),
    };
  },
  async "@ai-sdk/mcp"(url, account) {
    const client = await createMCPClient({
      transport: { type: "http", url: `${url}/mcp`, headers: headersOf(account) },
    });
    const tools = await client.tools();
    return {
      list: async () => Object.entries(tools).map(([name, tool]) => ({ ...tool, name })),
      call: (name, args) => tools[name].execute(args, { toolCallId: "1", messages: [] }),
      close: () => client.close(),
    };
  },
  async "@langchain/mcp-adapters"(url, account) {
    const client = new MultiServerMCPClient({
      mcpServers: { patchbay: { transport: "http", url: `${url}/mcp`, headers: headersOf(account) } },
    });
    const tools = await client.getTools();
    const call = async (name, args) => {
      const tool = tools.find((tool) => tool.name === name);
      try {
        // A call as a model makes it: the content, and what does not belong into a context.
        const message = await tool.invoke({ type: "tool_call", id: "1", name, args });
        const content = blocksOf(message.content);
        const artifacts = (message.artifact ?? []).map((part) => (part.type === undefined ? { type: "resource", ...part } : part));
        return { content: [...content, ...artifacts], isError: message.status === "error" };
      } catch (error) {
        return { content: [{ type: "text", text: String(error) }], isError: true };
      }
    };
    return { list: async () => tools, call, close: () => client.close() };
  },
};

async function prove(name, connect, url, [first, second, dead]) {
  const one = await connect(url, first);
  const tools = await one.list();
  assert.ok(tools.length > 20 && tools.some((tool) => tool.name === LIST), `${tools.length} tools`);
  const listed = await one.call(LIST, { query: { limit: 2 } });
  assert.ok(!listed.isError, JSON.stringify(listed));
  assert.ok(JSON.parse(listed.content[0].text).data.length > 0, JSON.stringify(listed).slice(0, 300));
  const wrong = await one.call(FILE, { path: { composite_id: "T-999999" } });
  assert.ok(wrong.isError, JSON.stringify(wrong).slice(0, 300));
  const file = await one.call(FILE, { path: { composite_id: "T-42" } });
  assert.ok(file.content.some((part) => part.type === "resource"), JSON.stringify(file).slice(0, 300));
  await one.close();
  const three = await connect(url, [first, second, dead].join(","));
  assert.equal((await three.list()).length, tools.length);
  for (const account of [first, second]) {
    const answer = await three.call(LIST, { account_id: account, query: { limit: 1 } });
    assert.ok(!answer.isError, JSON.stringify(answer).slice(0, 300));
  }
  const refused = await three.call(LIST, { account_id: dead });
  assert.ok(refused.isError && JSON.stringify(refused).includes("suspended"), JSON.stringify(refused).slice(0, 300));
  await three.close();
  console.log(`ok   ${name}`);
}

const folder = await mkdtemp(join(tmpdir(), "patchbay-mcp-"));
const server = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--data-dir", join(folder, "data"), "--sandbox"], {
  env: { PATCHBAY_API_KEY: KEY },
  stdio: ["ignore", "pipe", "inherit"],
});
let failed = 0;
try {
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const url = String(line).replace("listening on ", "");
  const accounts = [];
  for (const owner of ["one", "two", "three"]) accounts.push(await link(url, owner));
  await api(url, "PATCH", `/accounts/${accounts[2]}`, { status: "suspended" });
  for (const [name, connect] of Object.entries(CLIENTS)) {
    await prove(name, connect, url, accounts).catch((error) => {
      failed += 1;
      console.log(`FAIL ${name}: ${error.stack ?? error}`);
    });
  }
  for (const python of pythons) {
    const environment = { ...process.env, PATCHBAY: url, KEY, ACCOUNTS: accounts.join(",") };
    const ended = spawnSync(python, [join(import.meta.dirname, "clients.py")], { env: environment, stdio: "inherit" });
    failed += ended.status ?? 1;
  }
} finally {
  server.kill("SIGTERM");
  await once(server, "exit");
  await rm(folder, { recursive: true, force: true });
}
// Some clients leave timers behind.
process.exit(failed === 0 ? 0 : 1);
