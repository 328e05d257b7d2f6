/**
 * Validates the value of a field and returns a message for the user. The server validates again; this only gives
 * faster feedback.
 */

import { pastedValue } from "@patchbay/web-shared/pastedValue.ts";
import type { Field } from "../api/types.ts";
import { isPlaceholder } from "./secrets.ts";

const DIGITS = /^\d+$/;
const CONTROL_CHARACTER = /\p{Cc}/u;
const CONTROL_CHARACTER_EXCEPT_WHITESPACE = /(?![\n\r\t])\p{Cc}/u;

/** Matches a pattern against the whole value. A pattern that this browser cannot parse is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    return true;
  }
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** The rule of the API: anything, the name, `.com`, anything. */
const isDomainOf = (name: string, value: string): boolean =>
  new RegExp(`.*${escapeRegExp(name)}\\.com.*`, "u").test(value);

/** Returns what is wrong with the value, or null. Stored secrets and read-only values are always valid. */
export function validateField(field: Field, typed: string): string | null {
  const { label } = field;
  if (field.readOnly || isPlaceholder(typed)) return null;
  const value = pastedValue(field.key, typed);
  if (value === "") return field.required ? `${label} is required` : null;
  if ((field.type === "text_area" ? CONTROL_CHARACTER_EXCEPT_WHITESPACE : CONTROL_CHARACTER).test(value)) {
    return `${label} contains a line break or another invisible character. Copy and paste it again.`;
  }
  if (field.type === "number" && !DIGITS.test(value)) return `${label} must contain only digits`;
  if (field.type === "select" && !(field.options ?? []).some((option) => option.value === value)) {
    return `Choose one of the options for ${label}`;
  }
  const rule = field.validation;
  if (!rule) return null;
  if (rule.type === "domain") {
    return isDomainOf(rule.pattern, value)
      ? null
      : (rule.error ?? `${label} must be an address at ${rule.pattern}.com`);
  }
  return matches(rule.pattern, value) ? null : (rule.error ?? `${label} has an invalid format`);
}
