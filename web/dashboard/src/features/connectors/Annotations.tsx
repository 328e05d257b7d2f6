/** What running an action does, in a word. */

import type { Action } from "../../api/connectors.ts";
import { Pill } from "../../ui/Pill.tsx";

export function Annotations({ action }: { action: Action }) {
  const { readOnlyHint, destructiveHint } = action.action_details.annotations;
  if (readOnlyHint) {
    return (
      <Pill size="sm" color="teal">
        Reads
      </Pill>
    );
  }
  return destructiveHint ? (
    <Pill size="sm" color="red">
      Cannot be undone
    </Pill>
  ) : (
    <Pill size="sm" color="blue">
      Changes
    </Pill>
  );
}
