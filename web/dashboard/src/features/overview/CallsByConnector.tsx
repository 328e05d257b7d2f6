/** The calls of a period by connector, most calls first. */

import { Anchor, Progress, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useCallStats } from "../../api/callStats.ts";
import { useConnectors } from "../../api/connectors.ts";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { formatDuration } from "../logs/duration.ts";
import { PERIODS, type Period } from "./periods.ts";
import { Section } from "./Section.tsx";
import { byConnector, count, failureRate } from "./series.ts";

const SHOWN = 10;

export function CallsByConnector({ period }: { period: Period }) {
  const stats = useCallStats(period, "connector");
  const connectors = useConnectors();
  const names = new Map(
    (connectors.data ?? []).map(({ provider, provider_name }) => [provider, provider_name]),
  );
  return (
    <Section title="By connector">
      <QueryBoundary query={stats} what="calls by connector">
        {({ data }) => {
          const rows = byConnector(data);
          const most = rows[0]?.calls ?? 0;
          if (most === 0) return <Text c="dimmed">No calls in the last {PERIODS[period].label}.</Text>;
          return (
            <div className="pb-table-wrap">
              <Table verticalSpacing="xs" aria-label="Calls by connector">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Connector</Table.Th>
                    <Table.Th>Calls</Table.Th>
                    <Table.Th>Errors</Table.Th>
                    <Table.Th>p95</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.slice(0, SHOWN).map(({ connector, calls, failed, p95 }) => (
                    <Table.Tr key={connector ?? ""}>
                      <Table.Th scope="row" fw={500}>
                        {connector !== null && names.has(connector) ? (
                          <Anchor component={Link} to="/connectors/$key" params={{ key: connector } as never}>
                            {names.get(connector)}
                          </Anchor>
                        ) : (
                          (connector ?? "None")
                        )}
                        <Progress value={(calls / most) * 100} size="xs" mt={4} aria-hidden />
                      </Table.Th>
                      <Table.Td>{count(calls)}</Table.Td>
                      <Table.Td>
                        {count(failed)} ({failureRate(calls, failed)})
                      </Table.Td>
                      <Table.Td>{formatDuration(p95)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
              {rows.length > SHOWN && (
                <Text size="sm" c="dimmed" mt="xs">
                  {rows.length - SHOWN} more with fewer calls.
                </Text>
              )}
            </div>
          );
        }}
      </QueryBoundary>
    </Section>
  );
}
