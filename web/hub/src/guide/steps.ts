/** Finding a guide's steps: which one yields a field, and how a step is called in the page. */

import type { Guide } from "../api/types.ts";

export interface Highlight {
  /** A step's key. */
  step: string;
}

export const stepKey = (section: number, step: number): string => `${section}-${step}`;

/** The step that yields the field; null when no step of the guide says so. */
export function stepOf(guide: Guide | null, field: string): string | null {
  for (const [section, { steps }] of (guide?.sections ?? []).entries()) {
    const step = steps.findIndex((candidate) => candidate.fields.includes(field));
    if (step >= 0) return stepKey(section, step);
  }
  return null;
}
