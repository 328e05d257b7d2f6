/** Finds the steps of a guide. */

import type { Guide } from "../api/types.ts";

export interface Highlight {
  /** The key of a step. */
  step: string;
}

export const stepKey = (section: number, step: number): string => `${section}-${step}`;

/** Returns the key of the step that provides a field's value; null if there is none. */
export function stepForField(guide: Guide | null, field: string): string | null {
  for (const [section, { steps }] of (guide?.sections ?? []).entries()) {
    const step = steps.findIndex((candidate) => candidate.fields.includes(field));
    if (step >= 0) return stepKey(section, step);
  }
  return null;
}
