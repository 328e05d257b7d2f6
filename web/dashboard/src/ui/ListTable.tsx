/** A list as a table in a panel; the last column can hold the actions of a row. */

import { Table, type TableProps, VisuallyHidden } from "@mantine/core";

interface Props extends TableProps {
  headings: string[];
  /** The name of the last column for screen readers; its heading is not visible. */
  menu?: string;
  /** Hides the table on a phone, where cards are shown instead. */
  isWide?: boolean;
}

export const ListTable = ({ headings, menu, isWide = false, children, ...props }: Props) => (
  <div className={isWide ? "pb-panel pb-table-wrap pb-wide" : "pb-panel pb-table-wrap"}>
    <Table verticalSpacing="sm" horizontalSpacing="md" {...props}>
      <Table.Thead>
        <Table.Tr>
          {headings.map((heading) => (
            <Table.Th key={heading}>{heading}</Table.Th>
          ))}
          {menu !== undefined && (
            <Table.Th w={56}>
              <VisuallyHidden>{menu}</VisuallyHidden>
            </Table.Th>
          )}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>{children}</Table.Tbody>
    </Table>
  </div>
);
