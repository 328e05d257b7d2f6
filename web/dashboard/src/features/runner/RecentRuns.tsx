/** The runs of this session, each with a button that fills in its inputs again. */

import { Button, Group, Stack, Table, Text, Title } from "@mantine/core";
import { ListTable } from "../../ui/ListTable.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { HttpStatusPill } from "./HttpStatusPill.tsx";
import type { RunRecord } from "./runHistory.ts";

interface Props {
  runs: RunRecord[];
  onOpen: (run: RunRecord) => void;
}

export function RecentRuns({ runs, onOpen }: Props) {
  if (runs.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Recent runs">
      <Group gap="sm" align="baseline">
        <Title order={2} size="h4">
          Recent runs
        </Title>
        <Text size="sm" c="dimmed">
          (this session only)
        </Text>
      </Group>
      <ListTable headings={["Action", "Status", "Duration", "When"]} menu="Inputs">
        {runs.map((run) => (
          <Table.Tr key={run.id}>
            <Table.Td>
              <Text size="sm" fw={600}>
                {run.label}
              </Text>
              <Text size="xs" c="dimmed" ff="monospace" lineClamp={1} style={{ overflowWrap: "anywhere" }}>
                {JSON.stringify(run.inputs)}
              </Text>
            </Table.Td>
            <Table.Td>
              <HttpStatusPill status={run.status} />
            </Table.Td>
            <Table.Td>
              <Text size="sm">{run.durationMs === null ? "–" : `${run.durationMs} ms`}</Text>
            </Table.Td>
            <Table.Td>
              <Timestamp at={run.at} />
            </Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Reuse inputs of ${run.label}`}
                onClick={() => onOpen(run)}
              >
                Reuse inputs
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </ListTable>
    </Stack>
  );
}
