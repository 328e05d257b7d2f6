/** What running an action does, in a word. */

import { Badge } from "@mantine/core";
import type { Action } from "../../api/connectors.ts";

export function Annotations({ action }: { action: Action }) {
  const { readOnlyHint, destructiveHint } = action.action_details.annotations;
  if (readOnlyHint) {
    return (
      <Badge size="sm" variant="light" color="teal" c="var(--mantine-color-text)" tt="none">
        Reads
      </Badge>
    );
  }
  return destructiveHint ? (
    <Badge size="sm" variant="light" color="red" c="var(--mantine-color-text)" tt="none">
      Cannot be undone
    </Badge>
  ) : (
    <Badge size="sm" variant="light" color="blue" c="var(--mantine-color-text)" tt="none">
      Changes
    </Badge>
  );
}
