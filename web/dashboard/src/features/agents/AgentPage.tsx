/** The page with the settings of agents, and what their tools cost. */

import { Radio, Stack, Table, Tabs, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useAccounts } from "../../api/accounts.ts";
import { type ToolCost, useToolCosts } from "../../api/agents.ts";
import { useLoginSession } from "../../api/loginSession.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { useIsPhone } from "../../ui/useIsPhone.ts";
import { AccountPicker } from "../runner/AccountPicker.tsx";
import { CLIENTS, MODES, type Mode } from "./agentSnippets.ts";

const route = getRouteApi("/agents");

const ABOUT: Record<Mode, string> = {
  individual: "One tool for each action. For a few actions.",
  search_execute: "Two tools for each connector: one finds actions, one runs them.",
  meta: "Four tools that find, describe and run everything. For many actions.",
};

export function AgentPage() {
  const { account } = route.useSearch();
  const navigate = route.useNavigate();
  const { public_url: baseUrl } = useLoginSession();
  const accounts = useAccounts({});
  const [mode, setMode] = useState<Mode>("meta");
  const costs = useToolCosts(account);
  return (
    <>
      <PageHeader
        title="Use with an agent"
        description="Give an agent the actions of a linked account as tools, over MCP."
        docs={DOCS.agents}
      />
      {accounts.isError ? (
        <ErrorState
          title="Could not load accounts"
          error={accounts.error}
          onRetry={() => void accounts.refetch()}
        />
      ) : accounts.data?.total === 0 && account === undefined ? (
        <EmptyState title="No linked accounts yet">
          Link an account first. Then an agent can use its actions.
        </EmptyState>
      ) : (
        <Stack maw={860}>
          <AccountPicker
            account={account}
            connector={undefined}
            onChoose={(id) => void navigate({ search: id === null ? {} : { account: id }, replace: true })}
          />
          {costs.isError && (
            <ErrorState
              title="Could not load the tools"
              error={costs.error}
              onRetry={() => void costs.refetch()}
            />
          )}
          <ModeTable costs={costs.data ?? []} mode={mode} onChoose={setMode} />
          <Text size="sm" c="dimmed">
            A model reads the definitions of all tools before each conversation. A token is counted as four
            bytes, which is an estimate. <DocsLink to={DOCS.toolModes} />
          </Text>
          <Settings baseUrl={baseUrl} account={account ?? "YOUR_ACCOUNT_ID"} mode={mode} />
          <Text size="sm" c="dimmed">
            The settings read the API key from <code>PATCHBAY_API_KEY</code>, or ask for it. The key needs the
            scope <code>actions:execute</code>. <DocsLink to={DOCS.apiKeys} />
          </Text>
        </Stack>
      )}
    </>
  );
}

function ModeTable({
  costs,
  mode,
  onChoose,
}: {
  costs: ToolCost[];
  mode: Mode;
  onChoose: (mode: Mode) => void;
}) {
  const isPhone = useIsPhone();
  const costOf = (of: Mode) =>
    costs.find(({ tool_mode: mode, param_style: style }) => mode === of && style === "nested");
  const number = (value: number | undefined) => (value === undefined ? "–" : value.toLocaleString("en"));
  return (
    <ListTable headings={isPhone ? ["Mode", "Tokens"] : ["Mode", "Tools", "Tokens"]}>
      {MODES.map((each) => (
        <Table.Tr key={each}>
          <Table.Td>
            <Radio
              name="tool-mode"
              value={each}
              label={each}
              description={ABOUT[each]}
              checked={mode === each}
              onChange={() => onChoose(each)}
            />
          </Table.Td>
          {!isPhone && <Table.Td>{number(costOf(each)?.tools)}</Table.Td>}
          <Table.Td data-testid={`tokens-${each}`}>{number(costOf(each)?.tokens)}</Table.Td>
        </Table.Tr>
      ))}
    </ListTable>
  );
}

function Settings(values: { baseUrl: string; account: string; mode: Mode }) {
  return (
    <Tabs defaultValue={CLIENTS[0]?.key ?? null} keepMounted={false}>
      <Tabs.List mb="sm" aria-label="Clients">
        {CLIENTS.map(({ key, name }) => (
          <Tabs.Tab key={key} value={key}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {CLIENTS.map(({ key, place, snippet }) => (
        <Tabs.Panel key={key} value={key}>
          <CodeBlock label={place} code={snippet(values)} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
