/** Names and values, one a line. */

import { Table } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  facts: [string, ReactNode][];
  /** Width of the names, in pixels. */
  width?: number;
}

export const FactTable = ({ facts, width = 150 }: Props) => (
  <Table withRowBorders={false} verticalSpacing={4}>
    <Table.Tbody>
      {facts.map(([name, value]) => (
        <Table.Tr key={name}>
          <Table.Th w={width} fw={500} c="dimmed" scope="row">
            {name}
          </Table.Th>
          <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
        </Table.Tr>
      ))}
    </Table.Tbody>
  </Table>
);
