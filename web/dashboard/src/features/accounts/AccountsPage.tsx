/** The list of linked accounts, with search and filters. */

import { Anchor, Button, Group, Loader, Pagination, Select, Stack, Text } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { PAGE_SIZE, useAccounts } from "../../api/accounts.ts";
import { useConnectors, useProfiles } from "../../api/connectors.ts";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { LinkDialog } from "../linking/LinkDialog.tsx";
import { AccountTable } from "./AccountTable.tsx";
import { changeFilter, hasFilters, RECONNECT_DUE } from "./filters.ts";
import { STATUS_NAMES, statusOf } from "./status.ts";

const route = getRouteApi("/accounts");

/** Pause in typing after which the search runs. */
const SEARCH_DELAY_MS = 250;

export function AccountsPage() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const accounts = useAccounts(filters);
  const connectors = useConnectors();
  const profiles = useProfiles();
  const [linking, setLinking] = useState(false);
  const [query, setQuery] = useState(filters.search ?? "");
  const applyFilter = (change: Record<string, unknown>) =>
    void navigate({ search: (before) => changeFilter(before, change), replace: true });
  const search = useDebouncedCallback((text: string) => applyFilter({ search: text }), SEARCH_DELAY_MS);
  const total = accounts.data?.total ?? 0;
  const pages = Math.ceil(total / PAGE_SIZE);

  const link = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setLinking(true)}>
      Link account
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Accounts"
        description="Your customers' accounts at providers, linked through the Hub."
        docs={DOCS.accounts}
        actions={link}
      />
      <Group mb="md" gap="sm" align="flex-end">
        <SearchInput
          label="Search"
          placeholder="Name, owner or ID"
          value={query}
          onSearch={(text) => {
            setQuery(text);
            search(text);
          }}
          style={{ flex: "1 1 220px" }}
        />
        <Select
          label="Connector"
          placeholder="All"
          clearable
          w={170}
          data={(connectors.data ?? []).map(({ provider, provider_name }) => ({
            value: provider,
            label: provider_name,
          }))}
          value={filters.connector ?? null}
          onChange={(connector) => applyFilter({ connector })}
        />
        <Select
          label="Status"
          placeholder="All"
          clearable
          w={160}
          data={[
            ...STATUS_NAMES.map((name) => ({ value: name, label: statusOf(name).label })),
            { value: RECONNECT_DUE, label: "Reconnect soon" },
          ]}
          value={filters.status ?? null}
          onChange={(status) => applyFilter({ status })}
        />
        <Select
          label="Type"
          placeholder="All"
          clearable
          w={140}
          data={[
            { value: "production", label: "Production" },
            { value: "test", label: "Test" },
          ]}
          value={filters.type ?? null}
          onChange={(type) => applyFilter({ type })}
        />
        {(profiles.data?.length ?? 0) > 1 && (
          <Select
            label="Connector profile"
            placeholder="All"
            clearable
            w={170}
            data={(profiles.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
            value={filters.profile ?? null}
            onChange={(profile) => applyFilter({ profile })}
          />
        )}
      </Group>
      {accounts.isPending ? (
        <Group justify="center" py="xl">
          <Loader aria-label="Loading accounts" />
        </Group>
      ) : accounts.isError ? (
        <ErrorState
          title="Could not load accounts"
          error={accounts.error}
          onRetry={() => void accounts.refetch()}
        />
      ) : total === 0 ? (
        hasFilters(filters) ? (
          <EmptyState title="No matching accounts">
            No account matches the search and filters.{" "}
            <Anchor
              component="button"
              onClick={() => {
                setQuery("");
                void navigate({ search: {}, replace: true });
              }}
            >
              Clear filters
            </Anchor>
          </EmptyState>
        ) : (
          <EmptyState title="No linked accounts yet" action={link}>
            Link an account yourself, send a customer an auth link, or embed the Hub in your product.
          </EmptyState>
        )
      ) : (
        <Stack>
          <AccountTable accounts={accounts.data.data} />
          <Group justify="space-between">
            <Text size="sm" c="dimmed" aria-live="polite">
              {total === 1 ? "1 account" : `${total} accounts`}
            </Text>
            {pages > 1 && (
              <Pagination
                total={pages}
                value={filters.page ?? 1}
                onChange={(page) => void navigate({ search: (before) => changeFilter(before, { page }) })}
                getControlProps={(control) => ({ "aria-label": `${control} page` })}
              />
            )}
          </Group>
        </Stack>
      )}
      <LinkDialog opened={linking} onClose={() => setLinking(false)} />
    </>
  );
}
