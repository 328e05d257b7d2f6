/** A word beside the state of an account that must be linked again soon. */

import { Tooltip } from "@mantine/core";
import type { Account } from "../../api/client.ts";
import { Pill } from "../../ui/Pill.tsx";
import { relinkNotice } from "./relink.ts";

export function RelinkPill({ account }: { account: Account }) {
  const notice = relinkNotice(account, new Date());
  if (notice === null) return null;
  return (
    <Tooltip label={account.relink?.message} multiline maw={320}>
      <Pill color="yellow" fw={600} tabIndex={0} style={{ cursor: "help" }}>
        {notice}
      </Pill>
    </Tooltip>
  );
}
