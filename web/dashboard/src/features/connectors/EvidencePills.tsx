/** How sure it is that a connector's actions do what the provider describes, with an explanation as a tooltip. */

import { Group, Tooltip } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import { Pill } from "../../ui/Pill.tsx";
import { evidenceCounts } from "./evidence.ts";

export function EvidencePills({ evidence }: { evidence: Schemas["ConnectorEvidence"] }) {
  const { actions, description, date } = evidence;
  const total = Object.keys(actions).length;
  return (
    <Group gap={4}>
      {evidenceCounts(actions).map(({ level, label, color, meaning, count }) => {
        const source =
          level === "contract_proven" && description ? ` Description: ${description}, ${date}.` : "";
        return (
          <Tooltip key={level} label={meaning + source} multiline maw={320}>
            <Pill color={color} tabIndex={0} style={{ cursor: "help" }}>
              {label}: {count} of {total}
            </Pill>
          </Tooltip>
        );
      })}
    </Group>
  );
}
