/** The last runs: what ran, how it went, and a way back to its inputs. */

import { Button, Group, Stack, Table, Text, Title } from "@mantine/core";
import { ListTable } from "../../ui/ListTable.tsx";
import { Moment } from "../../ui/Moment.tsx";
import type { PastRun } from "./lastRuns.ts";
import { StatusPill } from "./StatusPill.tsx";

interface Props {
  runs: PastRun[];
  onOpen: (run: PastRun) => void;
}

export function LastRuns({ runs, onOpen }: Props) {
  if (runs.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Last runs">
      <Group gap="sm" align="baseline">
        <Title order={2} size="h4">
          Last runs
        </Title>
        <Text size="sm" c="dimmed">
          of this visit; they are kept nowhere
        </Text>
      </Group>
      <ListTable headings={["Action", "Status", "Took", "When"]} menu="Inputs">
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
              <StatusPill status={run.status} />
            </Table.Td>
            <Table.Td>
              <Text size="sm">{run.durationMs === null ? "–" : `${run.durationMs} ms`}</Text>
            </Table.Td>
            <Table.Td>
              <Moment at={run.at} />
            </Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Use the inputs of ${run.label} again`}
                onClick={() => onOpen(run)}
              >
                Use again
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </ListTable>
    </Stack>
  );
}
