/** Stored secrets: the server never returns them, only a placeholder. */

import type { Field } from "../api/types.ts";

const PLACEHOLDER = /^__secretvalue:\*\*redacted\*\*(.*)$/s;
const DOTS = "•".repeat(10);

/** Returns the display text of a placeholder: ten dots and the last characters if the server reveals them. */
export function placeholderText(value: string): string | null {
  const found = PLACEHOLDER.exec(value);
  return found ? DOTS + (found[1] ?? "") : null;
}

export const isPlaceholder = (value: string): boolean => PLACEHOLDER.test(value);

/** Returns whether a field is secret: by default yes, and always for a password. */
export const isSecret = (field: Field): boolean => field.secret !== false || field.type === "password";
