/** The page that runs an action with a linked account. */

import { Loader, Select, SimpleGrid, Stack } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useAccounts } from "../../api/accounts.ts";
import { type Action, useActions } from "../../api/connectors.ts";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { AccountPicker } from "./AccountPicker.tsx";
import { ActionRunner } from "./ActionRunner.tsx";
import { RecentRuns } from "./RecentRuns.tsx";
import { type RunRecord, useRunHistory } from "./runHistory.ts";

const route = getRouteApi("/run");

export function RunnerPage() {
  const { account, action, connector } = route.useSearch();
  const navigate = route.useNavigate();
  const [reused, setReused] = useState<RunRecord | null>(null);
  const runs = useRunHistory();
  const accounts = useAccounts(connector === undefined ? {} : { connector });
  // The account determines the actions. Without one, the connector page's link sets the connector.
  const source = account !== undefined ? { account } : connector !== undefined ? { connector } : {};
  const actions = useActions(source);
  const chosen = actions.data?.find(({ id }) => id === action);
  const isIdle = account === undefined && connector === undefined;
  const choose = (change: { account?: string | null; action?: string | null }) => {
    setReused(null);
    const next = { account, action, connector, ...change };
    const search = Object.fromEntries(Object.entries(next).filter(([, value]) => value));
    void navigate({ search, replace: true });
  };

  return (
    <>
      <PageHeader
        title="Run an action"
        description="Run an action with a linked account, and see the requests sent to the provider."
        docs={DOCS.runner}
      />
      {accounts.isError ? (
        <ErrorState
          title="Could not load accounts"
          error={accounts.error}
          onRetry={() => void accounts.refetch()}
        />
      ) : accounts.data?.total === 0 && account === undefined ? (
        <EmptyState
          title={
            connector === undefined ? "No linked accounts yet" : "No linked accounts for this connector yet"
          }
        >
          Link an account first. Then you can run its actions here.
        </EmptyState>
      ) : (
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <AccountPicker
              account={account}
              connector={connector}
              onChoose={(id) =>
                choose({ account: id, ...(id === null && connector === undefined ? { action: null } : {}) })
              }
            />
            <Select
              label="Action"
              placeholder={isIdle ? "Choose an account first" : "Choose an action"}
              searchable
              disabled={isIdle}
              nothingFoundMessage="No matching actions"
              rightSection={actions.isFetching ? <Loader size="xs" /> : undefined}
              data={groupByEffect(actions.data ?? [])}
              value={chosen?.id ?? null}
              onChange={(id) => choose({ action: id })}
            />
          </SimpleGrid>
          {actions.isError && (
            <ErrorState
              title="Could not load actions"
              error={actions.error}
              onRetry={() => void actions.refetch()}
            />
          )}
          {account !== undefined && chosen !== undefined && (
            <ActionRunner
              key={`${account} ${chosen.id} ${reused?.id ?? ""}`}
              account={account}
              action={chosen}
              inputs={reused?.inputs ?? null}
            />
          )}
          <RecentRuns
            runs={runs}
            onOpen={(run) => {
              choose({ account: run.account, action: run.action });
              setReused(run);
              window.scrollTo({ top: 0 });
            }}
          />
        </Stack>
      )}
    </>
  );
}

/** Groups the options: read-only actions, then changes, then those that cannot be undone. */
function groupByEffect(actions: Action[]) {
  const items = (matches: (action: Action) => boolean) =>
    actions.filter(matches).map(({ id, label, authorized }) => ({
      value: id,
      label: `${label} (${id})${authorized === false ? ": scopes not granted" : ""}`,
    }));
  const isReadOnly = (action: Action) => action.action_details.annotations.readOnlyHint === true;
  const isDestructive = (action: Action) => action.action_details.annotations.destructiveHint === true;
  return [
    { group: "Read-only", items: items(isReadOnly) },
    { group: "Changes data", items: items((action) => !isReadOnly(action) && !isDestructive(action)) },
    { group: "Cannot be undone", items: items((action) => !isReadOnly(action) && isDestructive(action)) },
  ].filter((group) => group.items.length > 0);
}
