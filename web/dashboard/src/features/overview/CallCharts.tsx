/**
 * The charts of calls and their durations. Loaded when they are drawn. They are hidden from screen readers, for which the
 * table of the same numbers is beside them.
 */

import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { SimpleGrid, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { formatDuration } from "../logs/duration.ts";
import { count, type Point } from "./series.ts";

const HEIGHT = 220;
const AXIS_TEXT = "var(--mantine-color-dimmed)";

export function CallCharts({ points }: { points: Point[] }) {
  const shared = {
    h: HEIGHT,
    data: points,
    dataKey: "label",
    accessibilityLayer: false,
    textColor: AXIS_TEXT,
    gridColor: "var(--mantine-color-default-border)",
    tooltipAnimationDuration: 0,
    xAxisProps: { minTickGap: 24 },
  };
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" aria-hidden data-testid="charts">
      <Chart title="Calls and errors">
        <BarChart
          {...shared}
          type="stacked"
          withLegend
          valueFormatter={count}
          yAxisProps={{ allowDecimals: false, width: 48 }}
          barProps={{ isAnimationActive: false }}
          series={[
            { name: "succeeded", label: "Succeeded", color: "indigo.5" },
            { name: "failed", label: "Failed", color: "red.7" },
          ]}
        />
      </Chart>
      <Chart title="Duration of the slowest 5 % (p95)">
        <LineChart
          {...shared}
          withLegend
          curveType="linear"
          connectNulls={false}
          valueFormatter={formatDuration}
          yAxisProps={{ width: 64 }}
          lineProps={{ isAnimationActive: false }}
          series={[{ name: "p95", label: "p95", color: "teal.6" }]}
        />
      </Chart>
    </SimpleGrid>
  );
}

const Chart = ({ title, children }: { title: string; children: ReactNode }) => (
  <div style={{ minWidth: 0 }}>
    <Text size="sm" c="dimmed" mb="xs">
      {title}
    </Text>
    {children}
  </div>
);
