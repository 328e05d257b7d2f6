/** Secrets that the server holds: it never sends them back, only a placeholder that says they are there. */

import type { Field } from "../api/types.ts";

const PLACEHOLDER = /^__secretvalue:\*\*redacted\*\*(.*)$/s;
const DOTS = "•".repeat(10);

/** What to show for a placeholder: ten dots and the last characters, if the server tells them. */
export function placeholderText(value: string): string | null {
  const found = PLACEHOLDER.exec(value);
  return found ? DOTS + (found[1] ?? "") : null;
}

export const isPlaceholder = (value: string): boolean => PLACEHOLDER.test(value);

/** A field is secret unless it says that it is not; a password always is. */
export const isSecret = (field: Field): boolean => field.secret !== false || field.type === "password";
