/** The state of a webhook or a delivery, with its meaning as a tooltip. */

import { Tooltip } from "@mantine/core";
import type { DeliveryState } from "../../api/webhooks.ts";
import { Pill } from "../../ui/Pill.tsx";
import { deliveryStateOf, type HealthState, healthOf } from "./health.ts";

interface Props {
  meaning: { label: string; color: string; meaning: string };
  detail?: string | null;
}

const StatePill = ({ meaning: { label, color, meaning }, detail }: Props) => (
  <Tooltip label={detail ? `${meaning} ${detail}` : meaning} multiline maw={320}>
    <Pill color={color} fw={600} tabIndex={0} style={{ cursor: "help" }}>
      {label}
    </Pill>
  </Tooltip>
);

export const HealthPill = ({ state, detail }: { state: HealthState; detail?: string | null }) => (
  <StatePill meaning={healthOf(state)} detail={state === "ok" ? null : (detail ?? null)} />
);

export const DeliveryPill = ({ state }: { state: DeliveryState }) => (
  <StatePill meaning={deliveryStateOf(state)} />
);
