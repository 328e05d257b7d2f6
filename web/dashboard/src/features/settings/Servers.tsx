/** The servers that share the database, if there are several. */

import { Badge, Card, Group, Table, Text, Title } from "@mantine/core";
import { useReplicas } from "../../api/replicas.ts";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { Timestamp } from "../../ui/Timestamp.tsx";

export function Servers() {
  const servers = useReplicas().data ?? [];
  if (servers.length < 2) return null;
  const hasDifferentConnectors = new Set(servers.map((server) => server.connectors)).size > 1;
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h4" mb="sm">
        Servers
      </Title>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Address</Table.Th>
            <Table.Th>Version</Table.Th>
            <Table.Th>Started</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {servers.map((server) => (
            <Table.Tr key={server.id}>
              <Table.Td>
                <Group gap={6}>
                  <Text size="sm">{server.address}</Text>
                  {server.leader && <Badge variant="default">Leader</Badge>}
                </Group>
              </Table.Td>
              <Table.Td>
                <Text size="sm">{server.version}</Text>
              </Table.Td>
              <Table.Td>
                <Timestamp at={server.started_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {hasDifferentConnectors && (
        <Text size="sm" c="red" mt="sm">
          The servers have different connectors. Give all of them the same directory, and reload them.
        </Text>
      )}
      <Text size="sm" c="dimmed" mt="sm">
        They share one database. <DocsLink to={DOCS.servers} />
      </Text>
    </Card>
  );
}
