/** The levels of evidence that an action does what the provider describes, lowest first, and what they mean. */

import type { Schemas } from "../../api/client.ts";

export type EvidenceLevel = Schemas["EvidenceLevel"];

interface LevelText {
  label: string;
  color: string;
  meaning: string;
}

const LEVELS: Record<EvidenceLevel, LevelText> = {
  declared: {
    label: "Declared",
    color: "gray",
    meaning: "Only the connector's file says what these actions do.",
  },
  contract_proven: {
    label: "Contract-proven",
    color: "teal",
    meaning: "These actions ran against a simulator that is made of the provider's API description.",
  },
  checked: {
    label: "Checked",
    color: "teal",
    meaning: "A person compared these actions with the provider's pages.",
  },
  live: { label: "Live", color: "green", meaning: "These actions ran at the provider." },
};

const ORDER: EvidenceLevel[] = ["declared", "contract_proven", "checked", "live"];

interface LevelCount extends LevelText {
  level: EvidenceLevel;
  count: number;
}

/** Returns the levels that actions have, the highest first, with the number of actions. */
export function evidenceCounts(actions: Record<string, EvidenceLevel>): LevelCount[] {
  const levels = Object.values(actions);
  const count = (level: EvidenceLevel) => levels.filter((other) => other === level).length;
  return ORDER.toReversed()
    .map((level) => ({ level, count: count(level), ...LEVELS[level] }))
    .filter((found) => found.count > 0);
}
