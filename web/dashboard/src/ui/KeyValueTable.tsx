/** A table of names and values, one pair per row. */

import { Table } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  rows: [string, ReactNode][];
  /** Width of the name column, in pixels. */
  nameWidth?: number;
}

export const KeyValueTable = ({ rows, nameWidth = 150 }: Props) => (
  <Table withRowBorders={false} verticalSpacing={4}>
    <Table.Tbody>
      {rows.map(([name, value]) => (
        <Table.Tr key={name}>
          <Table.Th w={nameWidth} fw={500} c="dimmed" scope="row">
            {name}
          </Table.Th>
          <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
        </Table.Tr>
      ))}
    </Table.Tbody>
  </Table>
);
