/** Settings that connect agents with the server. Every value is quoted for the language of its snippet. */

import { indented, shellQuote } from "@patchbay/web-shared/quoting.ts";
import { jsonText } from "../linking/sessionSnippets.ts";

/** How actions become tools. */
export const MODES = ["individual", "search_execute", "meta"] as const;
export type Mode = (typeof MODES)[number];

export interface AgentValues {
  baseUrl: string;
  account: string;
  mode: Mode;
}

/** A client with its settings, and where they go. */
export interface AgentClient {
  key: string;
  name: string;
  place: string;
  snippet: (values: AgentValues) => string;
}

/** Returns the address of the MCP server. The default mode is not in it. */
export const mcpUrl = ({ baseUrl, mode }: AgentValues): string =>
  `${baseUrl}/mcp${mode === "individual" ? "" : `?tool-mode=${mode}`}`;

const settings = (values: AgentValues, key: string): string =>
  jsonText({
    url: mcpUrl(values),
    headers: { Authorization: `Bearer ${key}`, "x-account-id": values.account },
  });

const servers = (settingsText: string): string =>
  `{\n  "mcpServers": {\n    "patchbay": ${indented(settingsText, "    ")}\n  }\n}`;

/** Returns a string for Python. JSON's strings are strings of Python, too. */
const python = jsonText;

export const CLIENTS: readonly AgentClient[] = [
  {
    key: "claude",
    name: "Claude Code",
    place: "In a terminal",
    snippet: (values) =>
      [
        `claude mcp add --transport http patchbay ${shellQuote(mcpUrl(values))} \\`,
        `  --header "Authorization: Bearer $PATCHBAY_API_KEY" \\`,
        `  --header ${shellQuote(`x-account-id: ${values.account}`)}`,
      ].join("\n"),
  },
  {
    key: "cursor",
    name: "Cursor",
    place: ".cursor/mcp.json",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Cursor replaces it
    snippet: (values) => servers(settings(values, "${env:PATCHBAY_API_KEY}")),
  },
  {
    key: "vscode",
    name: "VS Code",
    place: ".vscode/mcp.json",
    snippet: (values) =>
      jsonText({
        inputs: [
          { type: "promptString", id: "patchbay-key", description: "Patchbay API key", password: true },
        ],
        servers: {
          patchbay: {
            type: "http",
            url: mcpUrl(values),
            // biome-ignore lint/suspicious/noTemplateCurlyInString: VS Code replaces it
            headers: { Authorization: "Bearer ${input:patchbay-key}", "x-account-id": values.account },
          },
        },
      }),
  },
  {
    key: "vercel",
    name: "Vercel AI SDK",
    place: "TypeScript, with @ai-sdk/mcp",
    snippet: (values) =>
      `import { createMCPClient } from "@ai-sdk/mcp";

const patchbay = await createMCPClient({
  transport: {
    type: "http",
    url: ${jsonText(mcpUrl(values))},
    headers: {
      Authorization: \`Bearer \${process.env.PATCHBAY_API_KEY}\`,
      "x-account-id": ${jsonText(values.account)},
    },
  },
});
const tools = await patchbay.tools();`,
  },
  {
    key: "langchain",
    name: "LangChain",
    place: "Python, with langchain-mcp-adapters",
    snippet: (values) =>
      `import os
from langchain_mcp_adapters.client import MultiServerMCPClient

client = MultiServerMCPClient({
    "patchbay": {
        "transport": "streamable_http",
        "url": ${python(mcpUrl(values))},
        "headers": {
            "Authorization": f"Bearer {os.environ['PATCHBAY_API_KEY']}",
            "x-account-id": ${python(values.account)},
        },
    }
})
tools = await client.get_tools()`,
  },
  {
    key: "openai",
    name: "OpenAI Agents",
    place: "Python, with openai-agents",
    snippet: (values) =>
      `import os
from agents import Agent
from agents.mcp import MCPServerStreamableHttp

async with MCPServerStreamableHttp(params={
    "url": ${python(mcpUrl(values))},
    "headers": {
        "Authorization": f"Bearer {os.environ['PATCHBAY_API_KEY']}",
        "x-account-id": ${python(values.account)},
    },
}) as patchbay:
    agent = Agent(name="Assistant", mcp_servers=[patchbay])`,
  },
  {
    key: "stdio",
    name: "Other hosts",
    place: "Hosts that only start programs",
    snippet: (values) =>
      servers(
        jsonText({
          command: "patchbay",
          args: ["mcp", "--url", values.baseUrl, "--account", values.account, "--tool-mode", values.mode],
          env: { PATCHBAY_API_KEY: "YOUR_API_KEY" },
        }),
      ),
  },
];
