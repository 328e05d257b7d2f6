/** Accounts as a table, and as cards on a phone. */

import { Badge, Card, Group, Stack, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { accountName, reasonsOf } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { Moment } from "../../ui/Moment.tsx";
import { StatusBadge } from "../../ui/StatusBadge.tsx";
import { AccountMenu } from "./AccountMenu.tsx";
import { RelinkPill } from "./RelinkPill.tsx";

const Name = ({ account }: { account: Account }) => (
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

const Integration = ({ account }: { account: Account }) => (
  <Group gap="xs" wrap="nowrap">
    <ConnectorLogo name={account.connector_name ?? account.connector} url={account.logo_url} size={24} />
    <Text size="sm">{account.connector_name ?? account.connector}</Text>
  </Group>
);

const Kind = ({ account }: { account: Account }) => (
  <Badge variant="default" fw={500}>
    {account.type === "test" ? "Test" : "Production"}
  </Badge>
);

export function AccountTable({ accounts }: { accounts: Account[] }) {
  return (
    <>
      <ListTable
        headings={["Account", "Integration", "Type", "Config", "Status", "Connected"]}
        menu="Actions"
        isWide
        highlightOnHover
      >
        {accounts.map((account) => (
          <Table.Tr key={account.id}>
            <Table.Td>
              <Name account={account} />
            </Table.Td>
            <Table.Td>
              <Integration account={account} />
            </Table.Td>
            <Table.Td>
              <Kind account={account} />
            </Table.Td>
            <Table.Td>
              <Text size="sm">{account.connector_profile_name}</Text>
            </Table.Td>
            <Table.Td>
              <Stack gap={4} align="flex-start">
                <StatusBadge status={account.status} reasons={reasonsOf(account)} />
                <RelinkPill account={account} />
              </Stack>
            </Table.Td>
            <Table.Td>
              <Moment at={account.created_at} />
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
              <Name account={account} />
              <AccountMenu account={account} />
            </Group>
            <Group mt="sm" gap="sm">
              <Integration account={account} />
              <Kind account={account} />
              <StatusBadge status={account.status} reasons={reasonsOf(account)} />
              <RelinkPill account={account} />
            </Group>
            <Group mt="sm" gap={6}>
              <Text size="sm" c="dimmed">
                {account.connector_profile_name} · connected
              </Text>
              <Moment at={account.created_at} />
            </Group>
          </Card>
        ))}
      </Stack>
    </>
  );
}
