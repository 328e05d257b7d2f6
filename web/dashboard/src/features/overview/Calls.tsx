/** Calls, errors and durations of a period, as numbers, charts and a table. */

import { Group, Loader, SegmentedControl, Stack, Table, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import { type CallStats, useCallStats } from "../../api/callStats.ts";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { exactTime } from "../../ui/time.ts";
import { formatDuration } from "../logs/duration.ts";
import { PERIOD_NAMES, PERIODS, type Period } from "./periods.ts";
import { Section } from "./Section.tsx";
import { count, failureRate, type Point, pointsOf } from "./series.ts";

const CallCharts = lazy(async () => ({ default: (await import("./CallCharts.tsx")).CallCharts }));

interface Props {
  period: Period;
  onPeriod: (period: Period) => void;
}

export function Calls({ period, onPeriod }: Props) {
  const total = useCallStats(period, "all");
  const overTime = useCallStats(period, "time");
  return (
    <Section
      title="Calls"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Period"
          data={PERIOD_NAMES.map((name) => ({ value: name, label: PERIODS[name].label }))}
          value={period}
          onChange={(value) => onPeriod(value as Period)}
        />
      }
    >
      <QueryBoundary query={total} what="the number of calls">
        {(stats) =>
          stats.data.length === 0 ? (
            <Text c="dimmed">No calls in the last {PERIODS[period].label}.</Text>
          ) : (
            <Stack>
              <Numbers stats={stats} />
              {/* The same failure is not shown twice. */}
              {overTime.isPending && <Loader aria-label="Loading calls over time" />}
              {overTime.isSuccess && (
                <OverTime period={period} points={pointsOf(period, overTime.data.data, new Date())} />
              )}
            </Stack>
          )
        }
      </QueryBoundary>
    </Section>
  );
}

function Numbers({ stats }: { stats: CallStats }) {
  const [all] = stats.data;
  if (all === undefined) return null;
  const rate = failureRate(all.requests, all.errors);
  return (
    <>
      <Group component="dl" gap="xl" m={0}>
        <Figure name="Calls" value={count(all.requests)} />
        <Figure name="Errors" value={`${count(all.errors)} (${rate})`} />
        <Figure name="Half take at most" value={formatDuration(all.duration_ms.p50)} />
        <Figure name="95 % take at most" value={formatDuration(all.duration_ms.p95)} />
      </Group>
      {stats.searched_from !== null && (
        <Text size="sm" c="dimmed">
          Counting took too long. Only calls since {exactTime(stats.searched_from)} are counted.
        </Text>
      )}
    </>
  );
}

const Figure = ({ name, value }: { name: string; value: string }) => (
  <div>
    <Text component="dt" size="sm" c="dimmed">
      {name}
    </Text>
    <Text component="dd" m={0} fz="h3" fw={650}>
      {value}
    </Text>
  </div>
);

function OverTime({ period, points }: { period: Period; points: Point[] }) {
  return (
    <>
      <Suspense fallback={<Loader aria-label="Loading charts" />}>
        <CallCharts points={points} />
      </Suspense>
      <details>
        <summary>Calls over time as a table</summary>
        <div className="pb-table-wrap">
          <Table mt="sm" verticalSpacing={4} aria-label="Calls over time">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{period === "30d" ? "Day (UTC)" : "From"}</Table.Th>
                <Table.Th>Calls</Table.Th>
                <Table.Th>Errors</Table.Th>
                <Table.Th>p95</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {points.map(({ time, label, calls, failed, p95 }) => (
                <Table.Tr key={time}>
                  <Table.Th scope="row" fw={500}>
                    <time dateTime={time} title={exactTime(time)}>
                      {label}
                    </time>
                  </Table.Th>
                  <Table.Td>{count(calls)}</Table.Td>
                  <Table.Td>{count(failed)}</Table.Td>
                  <Table.Td>{p95 === null ? "–" : formatDuration(p95)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </details>
    </>
  );
}
