/** An account's state in a word, with the reasons on demand. */

import { Badge, Tooltip } from "@mantine/core";
import { statusOf } from "../features/accounts/status.ts";

interface Props {
  status: string;
  reasons?: string[];
}

export function StatusBadge({ status, reasons = [] }: Props) {
  const { label, colour, meaning } = statusOf(status);
  return (
    <Tooltip label={[meaning, ...reasons].join(" ")} multiline maw={320}>
      <Badge
        variant="light"
        color={colour}
        c="var(--mantine-color-text)"
        tt="none"
        fw={600}
        tabIndex={0}
        style={{ cursor: "help" }}
      >
        {label}
      </Badge>
    </Tooltip>
  );
}
