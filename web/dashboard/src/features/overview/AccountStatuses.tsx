/** The number of accounts in each status; each leads to those accounts. */

import { Anchor, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useAccountCounts } from "../../api/accountCounts.ts";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { StatusBadge } from "../../ui/StatusBadge.tsx";
import { statusOf } from "../accounts/status.ts";
import { Section } from "./Section.tsx";
import { count } from "./series.ts";

export function AccountStatuses() {
  const counts = useAccountCounts();
  return (
    <Section title="Accounts by status">
      <QueryBoundary query={counts} what="accounts">
        {(all) => (
          <Table verticalSpacing="xs" aria-label="Accounts by status">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Status</Table.Th>
                <Table.Th>Accounts</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {all.map(({ status, count: number }) => (
                <Table.Tr key={status}>
                  <Table.Th scope="row" fw={500}>
                    <StatusBadge status={status} />
                  </Table.Th>
                  <Table.Td>
                    <Anchor
                      component={Link}
                      to="/accounts"
                      search={{ status } as never}
                      aria-label={`${count(number)} accounts: ${statusOf(status).label}`}
                    >
                      {count(number)}
                    </Anchor>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </QueryBoundary>
    </Section>
  );
}
