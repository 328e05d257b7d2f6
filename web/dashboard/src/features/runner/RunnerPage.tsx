/** Runs an action with a linked account, from a form that is made from its inputs. */

import { Loader, Select, SimpleGrid, Stack } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useAccounts } from "../../api/accounts.ts";
import { type Action, useActions } from "../../api/connectors.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { AccountPicker } from "./AccountPicker.tsx";
import { LastRuns } from "./LastRuns.tsx";
import { type PastRun, useLastRuns } from "./lastRuns.ts";
import { Runner } from "./Runner.tsx";

const route = getRouteApi("/run");

export function RunnerPage() {
  const { account, action, connector } = route.useSearch();
  const navigate = route.useNavigate();
  const [again, setAgain] = useState<PastRun | null>(null);
  const runs = useLastRuns();
  const accounts = useAccounts(connector === undefined ? {} : { connector });
  // An account decides; a connector alone, as its own page gives it, at least shows what may be run.
  const from = account !== undefined ? { account } : connector !== undefined ? { connector } : {};
  const actions = useActions(from);
  const chosen = actions.data?.find((one) => one.id === action);
  const isIdle = account === undefined && connector === undefined;
  const choose = (change: { account?: string | null; action?: string | null }) => {
    setAgain(null);
    const wanted = { account, action, connector, ...change };
    const search = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
    void navigate({ search, replace: true });
  };

  return (
    <>
      <PageHeader
        title="Run an action"
        description="Try an action with a linked account, and see what is sent to the provider for it."
      />
      {accounts.isError ? (
        <ErrorState error={accounts.error} onRetry={() => void accounts.refetch()} />
      ) : accounts.data?.total === 0 && account === undefined ? (
        <EmptyState
          title={connector === undefined ? "No account is linked yet" : "It has no linked account yet"}
        >
          Link an account first; then its actions can be run here.
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
              nothingFoundMessage="No action has these words"
              rightSection={actions.isFetching ? <Loader size="xs" /> : undefined}
              data={grouped(actions.data ?? [])}
              value={chosen?.id ?? null}
              onChange={(id) => choose({ action: id })}
            />
          </SimpleGrid>
          {actions.isError && <ErrorState error={actions.error} onRetry={() => void actions.refetch()} />}
          {account !== undefined && chosen !== undefined && (
            <Runner
              key={`${account} ${chosen.id} ${again?.id ?? ""}`}
              account={account}
              action={chosen}
              inputs={again?.inputs ?? null}
            />
          )}
          <LastRuns
            runs={runs}
            onOpen={(run) => {
              choose({ account: run.account, action: run.action });
              setAgain(run);
              window.scrollTo({ top: 0 });
            }}
          />
        </Stack>
      )}
    </>
  );
}

/** Reading first, then changing, then what cannot be undone. */
function grouped(actions: Action[]) {
  const items = (wanted: (action: Action) => boolean) =>
    actions.filter(wanted).map(({ id, label, authorized }) => ({
      value: id,
      label: `${label} (${id})${authorized === false ? ": not granted" : ""}`,
    }));
  const reads = (action: Action) => action.action_details.annotations.readOnlyHint === true;
  const destroys = (action: Action) => action.action_details.annotations.destructiveHint === true;
  return [
    { group: "Read", items: items(reads) },
    { group: "Change", items: items((action) => !reads(action) && !destroys(action)) },
    { group: "Cannot be undone", items: items((action) => !reads(action) && destroys(action)) },
  ].filter((group) => group.items.length > 0);
}
