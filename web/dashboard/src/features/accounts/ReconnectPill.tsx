/** A label for an account that must be reconnected soon, with the reason as a tooltip. */

import { Tooltip } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import type { Account } from "../../api/client.ts";
import { Pill } from "../../ui/Pill.tsx";
import { reconnectNotice } from "./reconnectNotice.ts";

export function ReconnectPill({ account }: { account: Account }) {
  const notice = reconnectNotice(account, new Date());
  if (notice === null) return null;
  return (
    <Tooltip label={toSentence(account.relink?.message ?? "")} multiline maw={320}>
      <Pill color="yellow" fw={600} tabIndex={0} style={{ cursor: "help" }}>
        {notice}
      </Pill>
    </Tooltip>
  );
}
