/** One account: everything that may be known of it, and what to do when it does not work. */

import { Alert, Anchor, Button, Card, Grid, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconPlugConnected, IconTerminal2 } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { accountName, reasonsOf, useAccount } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { useActions } from "../../api/connectors.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { FactTable } from "../../ui/FactTable.tsx";
import { Moment } from "../../ui/Moment.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { StatusBadge } from "../../ui/StatusBadge.tsx";
import { DeleteAccount } from "./DeleteAccount.tsx";
import { EditAccount } from "./EditAccount.tsx";
import { MissingScopes } from "./MissingScopes.tsx";
import { relinkNotice } from "./relink.ts";
import { statusOf } from "./status.ts";
import { useAccountChanges } from "./useAccountChanges.tsx";

const route = getRouteApi("/accounts/$accountId");

export function AccountPage() {
  const { accountId } = route.useParams();
  const account = useAccount(accountId);
  if (account.isPending) return <Loader aria-label="Loading the account" />;
  if (account.isError) {
    return (
      <Stack>
        <PageHeader title="Account" />
        <ErrorState error={account.error} onRetry={() => void account.refetch()} />
        <Anchor component={Link} to="/accounts">
          Back to the accounts
        </Anchor>
      </Stack>
    );
  }
  return <Detail account={account.data} />;
}

function Detail({ account }: { account: Account }) {
  const navigate = route.useNavigate();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const { setStatus, setKind, isChanging } = useAccountChanges(account);
  const name = accountName(account);
  const { remedy, meaning } = statusOf(account.status);
  const isTest = account.type === "test";
  const relink = relinkNotice(account, new Date());
  return (
    <>
      <Anchor component={Link} to="/accounts" size="sm">
        ← Accounts
      </Anchor>
      <PageHeader
        title={name}
        heading={
          <Group gap="sm" component="span">
            <ConnectorLogo
              name={account.connector_name ?? account.connector}
              url={account.logo_url}
              size={32}
            />
            {name}
            <StatusBadge status={account.status} reasons={reasonsOf(account)} />
          </Group>
        }
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconPlugConnected size={16} aria-hidden />}
              onClick={() => setEditing(true)}
            >
              {(remedy !== null && account.status !== "suspended") || relink !== null ? "Reconnect" : "Edit"}
            </Button>
            <Button
              component={Link}
              to="/run"
              search={{ account: account.id } as never}
              leftSection={<IconTerminal2 size={16} aria-hidden />}
            >
              Run an action
            </Button>
          </>
        }
      />
      {remedy !== null && (
        <Alert color={statusOf(account.status).colour} mb="md" title={meaning}>
          <Stack gap={6}>
            {reasonsOf(account).map((reason) => (
              <Text key={reason} size="sm" c="var(--mantine-color-text)">
                {reason}
              </Text>
            ))}
            <Text size="sm" c="var(--mantine-color-text)">
              {remedy}
            </Text>
          </Stack>
        </Alert>
      )}
      {relink !== null && (
        <Alert color="yellow" mb="md" title={relink}>
          <Text size="sm" c="var(--mantine-color-text)">
            In full: {account.relink?.message}. Reconnect it here, or send its owner an auth link; it keeps
            its id, and calls go on meanwhile.
          </Text>
        </Alert>
      )}
      {account.profile_alarm && (
        <Alert color="red" mb="md" title="The provider refuses the app of this account's profile">
          <Text size="sm" c="var(--mantine-color-text)">
            {account.profile_alarm.message}, since <Moment at={account.profile_alarm.since} />. It is in{" "}
            <Anchor component={Link} to="/profiles">
              {account.connector_profile_name ?? "its profile"}
            </Anchor>
            ; the account itself is not to blame.
          </Text>
        </Alert>
      )}
      {account.missing_scopes.length > 0 && (
        <MissingScopes account={account} onReconnect={() => setEditing(true)} />
      )}
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            <Facts account={account} />
            <Card withBorder radius="lg">
              <Title order={2} size="h4" mb="sm">
                Filled in at linking
              </Title>
              <Values
                values={account.setup_information}
                empty="There is nothing but secrets, which are never shown."
              />
            </Card>
            {Object.keys(account.metadata).length > 0 && (
              <CodeBlock label="Metadata" code={JSON.stringify(account.metadata, null, 2)} wrap />
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            <Available account={account} />
            <Card withBorder radius="lg">
              <Title order={2} size="h4" mb="sm">
                Change
              </Title>
              <Stack gap="sm" align="flex-start">
                <Button
                  variant="default"
                  loading={isChanging}
                  disabled={!["active", "inactive", "suspended"].includes(account.status)}
                  leftSection={
                    account.status === "suspended" ? (
                      <IconPlayerPlay size={16} aria-hidden />
                    ) : (
                      <IconPlayerPause size={16} aria-hidden />
                    )
                  }
                  onClick={() => setStatus(account.status === "suspended" ? "active" : "suspended")}
                >
                  {account.status === "suspended" ? "Resume" : "Suspend"}
                </Button>
                <Button
                  variant="default"
                  loading={isChanging}
                  onClick={() => setKind(isTest ? "production" : "test")}
                >
                  {isTest ? "Convert to production" : "Convert to test"}
                </Button>
                <Button
                  variant="outline"
                  color="red.8"
                  c="var(--mantine-color-error)"
                  onClick={() => setDeleting(true)}
                >
                  Delete the account
                </Button>
              </Stack>
            </Card>
          </Stack>
        </Grid.Col>
      </Grid>
      <EditAccount account={account} opened={editing} onClose={() => setEditing(false)} />
      <DeleteAccount
        account={account}
        opened={deleting}
        onClose={() => setDeleting(false)}
        onDeleted={() => void navigate({ to: "/accounts", search: {} })}
      />
    </>
  );
}

function Facts({ account }: { account: Account }) {
  const rows: [string, ReactNode][] = [
    [
      "Account id",
      <Group key="id" gap={4} wrap="nowrap">
        <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {account.id}
        </Text>
        <CopyButton value={account.id} what="the account's id" />
      </Group>,
    ],
    ["Integration", account.connector_name ?? account.connector],
    ["Config", account.connector_profile_name],
    ["Type", account.type === "test" ? "Test" : "Production"],
    ["Environment", account.environment],
    ["Connector version", account.connector_version],
    ["Owner", `${account.owner_name} (${account.owner_id})`],
    ["Linked by", account.owner_username],
    ["Connected", <Moment key="created" at={account.created_at} />],
    ["Last changed", <Moment key="updated" at={account.updated_at} />],
    ...tokenFacts(account),
  ];
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h4" mb="sm">
        Facts
      </Title>
      <FactTable facts={rows.filter(([, value]) => value !== null && value !== undefined && value !== "")} />
    </Card>
  );
}

/** What is known of the token; for accounts that work by one. */
function tokenFacts({ token }: Account): [string, ReactNode][] {
  if (!token) return [];
  const moment = (at: string | null | undefined, otherwise: string | null) =>
    at ? <Moment at={at} /> : otherwise;
  const earlier = token.is_of_earlier_app ? " (its config has another one by now)" : "";
  return [
    ["Token ends", moment(token.expires_at, "The provider names no end")],
    ["Renewed", moment(token.renews_at, "Not by itself")],
    ["Can be renewed until", moment(token.refresh_expires_at, null)],
    ["Minted by the app", token.client_id ? `${token.client_id}${earlier}` : null],
    ["Scopes", token.scopes.join(", ")],
  ];
}

function Values({ values, empty }: { values: Record<string, unknown>; empty: string }) {
  const entries = Object.entries(values);
  if (entries.length === 0) return <Text c="dimmed">{empty}</Text>;
  const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return <FactTable facts={entries.map(([key, value]) => [key, shown(value)])} />;
}

function Available({ account }: { account: Account }) {
  const actions = useActions({ account: account.id });
  const granted = actions.data?.filter((action) => action.authorized !== false).length;
  const all = actions.data?.length;
  const count = granted === all ? `${all} actions` : `${granted} of ${all} actions`;
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h4" mb="sm">
        Actions
      </Title>
      {actions.isError ? (
        <Text c="dimmed">The actions could not be loaded.</Text>
      ) : (
        <Text>
          {actions.data === undefined ? "…" : count} can be run with this account through{" "}
          <Anchor href="/docs">one API</Anchor>.
        </Text>
      )}
    </Card>
  );
}
