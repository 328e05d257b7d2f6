/** An account's status, with the reasons as a tooltip. */

import { Tooltip } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { type AccountStatus, statusOf } from "../features/accounts/status.ts";
import { Pill } from "./Pill.tsx";

interface Props {
  status: AccountStatus;
  reasons?: string[];
}

export function StatusBadge({ status, reasons = [] }: Props) {
  const { label, color, meaning } = statusOf(status);
  return (
    <Tooltip label={[meaning, ...reasons.map(toSentence)].join(" ")} multiline maw={320}>
      <Pill color={color} fw={600} tabIndex={0} style={{ cursor: "help" }}>
        {label}
      </Pill>
    </Tooltip>
  );
}
