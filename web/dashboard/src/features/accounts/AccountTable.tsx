/** Accounts as a table, or as cards on a phone. */

import { Badge, Card, Group, Stack, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { accountName, reasonsOf } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { StatusBadge } from "../../ui/StatusBadge.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { AccountMenu } from "./AccountMenu.tsx";
import { ReconnectPill } from "./ReconnectPill.tsx";

const AccountCell = ({ account }: { account: Account }) => (
  <div>
    <Link to="/accounts/$accountId" params={{ accountId: account.id }} className="pb-row-link">
      {accountName(account)}
    </Link>
    <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
      {account.owner_id}
      {account.owner_username ? ` · ${account.owner_username}` : ""}
    </Text>
  </div>
);

const ConnectorCell = ({ account }: { account: Account }) => (
  <Group gap="xs" wrap="nowrap">
    <ConnectorLogo name={account.connector_name ?? account.connector} url={account.logo_url} size={24} />
    <Text size="sm">{account.connector_name ?? account.connector}</Text>
  </Group>
);

const TypeBadge = ({ account }: { account: Account }) => (
  <Badge variant="default" fw={500}>
    {account.type === "test" ? "Test" : "Production"}
  </Badge>
);

export function AccountTable({ accounts }: { accounts: Account[] }) {
  return (
    <>
      <ListTable
        headings={["Account", "Connector", "Type", "Connector profile", "Status", "Linked"]}
        menu="Actions"
        isWide
        highlightOnHover
      >
        {accounts.map((account) => (
          <Table.Tr key={account.id}>
            <Table.Td>
              <AccountCell account={account} />
            </Table.Td>
            <Table.Td>
              <ConnectorCell account={account} />
            </Table.Td>
            <Table.Td>
              <TypeBadge account={account} />
            </Table.Td>
            <Table.Td>
              <Text size="sm">{account.connector_profile_name}</Text>
            </Table.Td>
            <Table.Td>
              <Stack gap={4} align="flex-start">
                <StatusBadge status={account.status} reasons={reasonsOf(account)} />
                <ReconnectPill account={account} />
              </Stack>
            </Table.Td>
            <Table.Td>
              <Timestamp at={account.created_at} />
            </Table.Td>
            <Table.Td>
              <AccountMenu account={account} />
            </Table.Td>
          </Table.Tr>
        ))}
      </ListTable>
      <Stack className="pb-cards" gap="sm">
        {accounts.map((account) => (
          <Card key={account.id} withBorder radius="lg" mb="sm">
            <Group justify="space-between" align="flex-start" wrap="nowrap">
              <AccountCell account={account} />
              <AccountMenu account={account} />
            </Group>
            <Group mt="sm" gap="sm">
              <ConnectorCell account={account} />
              <TypeBadge account={account} />
              <StatusBadge status={account.status} reasons={reasonsOf(account)} />
              <ReconnectPill account={account} />
            </Group>
            <Group mt="sm" gap={6}>
              <Text size="sm" c="dimmed">
                {account.connector_profile_name} · linked
              </Text>
              <Timestamp at={account.created_at} />
            </Group>
          </Card>
        ))}
      </Stack>
    </>
  );
}
