/** A label for the effect of an action: read-only, changes data, or cannot be undone. */

import type { Action } from "../../api/connectors.ts";
import { Pill } from "../../ui/Pill.tsx";

export function ActionEffectPill({ action }: { action: Action }) {
  const { readOnlyHint, destructiveHint } = action.action_details.annotations;
  if (readOnlyHint) {
    return (
      <Pill size="sm" color="teal">
        Read-only
      </Pill>
    );
  }
  return destructiveHint ? (
    <Pill size="sm" color="red">
      Cannot be undone
    </Pill>
  ) : (
    <Pill size="sm" color="blue">
      Changes data
    </Pill>
  );
}
