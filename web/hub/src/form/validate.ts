/**
 * Whether a field's value will do, said in a sentence for the person who types. The server checks the
 * same again; this is so that nobody waits for it to be told of a slip.
 */

import type { Field } from "../api/types.ts";
import { isPlaceholder } from "./secrets.ts";

const DIGITS = /^\d+$/;
const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_LAYOUT = /(?![\n\r\t])\p{Cc}/u;

/** A pattern holds for the whole value. One that this browser cannot read is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    return true;
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** The rule is the wire's: anything, the name, `.com`, anything. */
const isDomainOf = (name: string, value: string): boolean =>
  new RegExp(`.*${escaped(name)}\\.com.*`, "u").test(value);

/** What is wrong with the value, or null. A value that the server keeps for us is right as it is. */
export function problemOf(field: Field, value: string): string | null {
  const { label } = field;
  if (field.readOnly || isPlaceholder(value)) return null;
  if (value.trim() === "") return field.required ? `${label} is required` : null;
  if ((field.type === "text_area" ? CONTROL_BUT_LAYOUT : CONTROL).test(value)) {
    return `${label} holds a line break or another character that cannot be typed; paste it again`;
  }
  if (field.type === "number" && !DIGITS.test(value))
    return `${label} must be a number, written in digits only`;
  if (field.type === "select" && !(field.options ?? []).some((option) => option.value === value)) {
    return `Choose one of the options of ${label}`;
  }
  const rule = field.validation;
  if (!rule) return null;
  if (rule.type === "domain") {
    return isDomainOf(rule.pattern, value)
      ? null
      : (rule.error ?? `${label} must be an address of ${rule.pattern}.com`);
  }
  return matches(rule.pattern, value) ? null : (rule.error ?? `${label} does not have the right form`);
}
