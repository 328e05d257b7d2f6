/** The newest calls that failed, each with its log and its account. */

import { Anchor, Table, Text } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { Link } from "@tanstack/react-router";
import { type CallLog, useNewestFailures } from "../../api/callStats.ts";
import { Pill } from "../../ui/Pill.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { Section } from "./Section.tsx";

export function NewestFailures() {
  const failures = useNewestFailures();
  return (
    <Section
      title="Newest failures"
      aside={
        <Anchor component={Link} to="/logs" search={{ result: "failure" } as never} size="sm">
          All failed calls
        </Anchor>
      }
    >
      <QueryBoundary query={failures} what="failed calls">
        {(logs) =>
          logs.length === 0 ? (
            <Text c="dimmed">No call has failed.</Text>
          ) : (
            <div className="pb-table-wrap">
              <Table verticalSpacing="xs" aria-label="Newest failures">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Call</Table.Th>
                    <Table.Th>Account</Table.Th>
                    <Table.Th>Status</Table.Th>
                    <Table.Th>When</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {logs.map((log) => (
                    <Failure key={log.log_id} log={log} />
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )
        }
      </QueryBoundary>
    </Section>
  );
}

const Failure = ({ log }: { log: CallLog }) => (
  <Table.Tr>
    <Table.Th scope="row" fw={500} style={{ overflowWrap: "anywhere", minWidth: 180 }}>
      <Anchor component={Link} to="/logs" search={{ run: log.log_id } as never}>
        {log.action_id ?? `Raw request ${log.http_method ?? ""}`.trim()}
      </Anchor>
      {log.message !== null && (
        <Text size="sm" c="dimmed" lineClamp={2}>
          {toSentence(log.message)}
        </Text>
      )}
    </Table.Th>
    <Table.Td>
      {log.account_id === null ? (
        "–"
      ) : (
        <Anchor component={Link} to="/accounts/$accountId" params={{ accountId: log.account_id } as never}>
          {log.origin_owner_name || log.account_id}
        </Anchor>
      )}
    </Table.Td>
    <Table.Td>
      <Pill color="red">{[log.status_code, log.error_code].filter(Boolean).join(" ")}</Pill>
    </Table.Td>
    <Table.Td>
      <Timestamp at={log.start_time} />
    </Table.Td>
  </Table.Tr>
);
