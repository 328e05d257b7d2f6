/** The page of one account: its details, its problems and how to solve them. */

import { Alert, Anchor, Button, Card, Grid, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import {
  IconListSearch,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlugConnected,
  IconTerminal2,
} from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { accountName, reasonsOf, useAccount } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { type AuthMethod, useActions, useConnector } from "../../api/connectors.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { KeyValueTable } from "../../ui/KeyValueTable.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { StatusBadge } from "../../ui/StatusBadge.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { NewestLogs } from "../logs/NewestLogs.tsx";
import { Credentials } from "./Credentials.tsx";
import { DeleteAccount } from "./DeleteAccount.tsx";
import { EditAccount } from "./EditAccount.tsx";
import { MissingScopes } from "./MissingScopes.tsx";
import { reconnectNotice } from "./reconnectNotice.ts";
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
        <ErrorState
          title="Could not load the account"
          error={account.error}
          onRetry={() => void account.refetch()}
        />
        <Anchor component={Link} to="/accounts">
          Back to accounts
        </Anchor>
      </Stack>
    );
  }
  return <LoadedAccount account={account.data} />;
}

function LoadedAccount({ account }: { account: Account }) {
  const navigate = route.useNavigate();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const { setStatus, setType, isChanging } = useAccountChanges(account);
  const name = accountName(account);
  const { remedy, meaning, color } = statusOf(account.status);
  const isTest = account.type === "test";
  const isSuspended = account.status === "suspended";
  const notice = reconnectNotice(account, new Date());
  const needsReconnect = (remedy !== null && !isSuspended) || notice !== null;
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
        docs={DOCS.account}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconPlugConnected size={16} aria-hidden />}
              onClick={() => setEditing(true)}
            >
              {needsReconnect ? "Reconnect" : "Edit"}
            </Button>
            <Button
              variant="default"
              component={Link}
              to="/logs"
              search={{ account: account.id } as never}
              leftSection={<IconListSearch size={16} aria-hidden />}
            >
              Logs
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
        <Alert color={color} mb="md" title={meaning}>
          <Stack gap={6}>
            {reasonsOf(account).map((reason) => (
              <Text key={reason} size="sm" c="var(--mantine-color-text)">
                {toSentence(reason)}
              </Text>
            ))}
            <Text size="sm" c="var(--mantine-color-text)">
              {remedy} <DocsLink to={DOCS.statuses} />
            </Text>
          </Stack>
        </Alert>
      )}
      {notice !== null && (
        <Alert color="yellow" mb="md" title={notice}>
          <Text size="sm" c="var(--mantine-color-text)">
            {toSentence(account.relink?.message ?? "")} Reconnect the account here, or send its owner an auth
            link. The account keeps its ID, and calls work until then. <DocsLink to={DOCS.reconnecting} />
          </Text>
        </Alert>
      )}
      {account.profile_alarm && (
        <Alert
          color="red"
          mb="md"
          title="The provider rejects the OAuth app of this account's connector profile"
        >
          <Text size="sm" c="var(--mantine-color-text)">
            {toSentence(account.profile_alarm.message)} First reported{" "}
            <Timestamp at={account.profile_alarm.since} inherit />. Correct the connector profile{" "}
            <Anchor component={Link} to="/profiles">
              {account.connector_profile_name ?? "of this account"}
            </Anchor>
            . The account itself does not need to change.
          </Text>
        </Alert>
      )}
      {account.missing_scopes.length > 0 && (
        <MissingScopes account={account} onReconnect={() => setEditing(true)} />
      )}
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            <AccountDetails account={account} />
            <Credentials account={account} />
            <ConnectionDetails account={account} />
            {Object.keys(account.metadata).length > 0 && (
              <CodeBlock label="Metadata" code={JSON.stringify(account.metadata, null, 2)} wrap />
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            <AvailableActions account={account} />
            <Card withBorder radius="lg" component="section" aria-label="Newest calls">
              <Group justify="space-between" mb="sm">
                <Title order={2} size="h4">
                  Newest calls
                </Title>
                <Anchor component={Link} to="/logs" search={{ account: account.id } as never} size="sm">
                  All calls
                </Anchor>
              </Group>
              <NewestLogs filters={{ account: account.id }} />
            </Card>
            <Card withBorder radius="lg">
              <Title order={2} size="h4" mb="sm">
                Manage
              </Title>
              <Stack gap="sm" align="flex-start">
                <Button
                  variant="default"
                  loading={isChanging}
                  disabled={!["active", "inactive", "suspended"].includes(account.status)}
                  leftSection={
                    isSuspended ? (
                      <IconPlayerPlay size={16} aria-hidden />
                    ) : (
                      <IconPlayerPause size={16} aria-hidden />
                    )
                  }
                  onClick={() => setStatus(isSuspended ? "active" : "suspended")}
                >
                  {isSuspended ? "Resume account" : "Suspend account"}
                </Button>
                <Button
                  variant="default"
                  loading={isChanging}
                  onClick={() => setType(isTest ? "production" : "test")}
                >
                  {isTest ? "Convert to production account" : "Convert to test account"}
                </Button>
                <Button
                  variant="outline"
                  color="red.8"
                  c="var(--mantine-color-error)"
                  onClick={() => setDeleting(true)}
                >
                  Delete account
                </Button>
              </Stack>
            </Card>
          </Stack>
        </Grid.Col>
      </Grid>
      <EditAccount
        account={account}
        isReconnect={needsReconnect}
        opened={editing}
        onClose={() => setEditing(false)}
      />
      <DeleteAccount
        account={account}
        opened={deleting}
        onClose={() => setDeleting(false)}
        onDeleted={() => void navigate({ to: "/accounts", search: {} })}
      />
    </>
  );
}

function AccountDetails({ account }: { account: Account }) {
  const environments = useAuthMethod(account)?.environments ?? [];
  const rows: [string, ReactNode][] = [
    [
      "Account ID",
      <Group key="id" gap={4} wrap="nowrap">
        <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {account.id}
        </Text>
        <CopyButton value={account.id} what="account ID" />
      </Group>,
    ],
    ["Connector", account.connector_name ?? account.connector],
    ["Connector profile", account.connector_profile_name],
    ["Type", account.type === "test" ? "Test" : "Production"],
    ["Environment", environments.find(({ key }) => key === account.environment)?.name ?? account.environment],
    ["Connector version", account.connector_version],
    ["Owner", `${account.owner_name} (${account.owner_id})`],
    ["Linked by", account.owner_username],
    ["Linked", <Timestamp key="created" at={account.created_at} />],
    ["Last updated", <Timestamp key="updated" at={account.updated_at} />],
  ];
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h4" mb="sm">
        Details
      </Title>
      <KeyValueTable
        rows={rows.filter(([, value]) => value !== null && value !== undefined && value !== "")}
      />
    </Card>
  );
}

/** Loads the account's authentication method; undefined while it loads, or if the connector no longer has it. */
function useAuthMethod(account: Account): AuthMethod | undefined {
  const connector = useConnector(account.connector);
  return connector.data?.authentication.find(({ key }) => key === account.authentication_config_key);
}

/** The values that were entered when the account was linked, with the form's labels; never secrets. */
function ConnectionDetails({ account }: { account: Account }) {
  const fields = useAuthMethod(account)?.config_fields ?? [];
  const rows = Object.entries(account.setup_information).map(([key, value]): [string, string] => {
    const field = fields.find((candidate) => candidate.key === key);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [field?.label ?? key, field?.options?.find((option) => option.value === value)?.label ?? text];
  });
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h4" mb="sm">
        Connection details
      </Title>
      {rows.length === 0 ? (
        <Text c="dimmed">Only secrets are stored, and they are never shown.</Text>
      ) : (
        <KeyValueTable rows={rows} />
      )}
    </Card>
  );
}

function AvailableActions({ account }: { account: Account }) {
  const actions = useActions({ account: account.id });
  const granted = actions.data?.filter((action) => action.authorized !== false).length;
  const all = actions.data?.length;
  const noun = all === 1 ? "action" : "actions";
  const count = granted === all ? `${all} ${noun}` : `${granted} of ${all} ${noun}`;
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h4" mb="sm">
        Actions
      </Title>
      {actions.isError ? (
        <Text c="dimmed">Could not load the actions.</Text>
      ) : (
        <Text>
          You can run {actions.data === undefined ? "…" : count} with this account through the{" "}
          <DocsLink to={DOCS.runner}>API</DocsLink>.
        </Text>
      )}
    </Card>
  );
}
