/** What one control's value means, checked by the rules of its field. */

import type { FormField } from "./fields.ts";

/** The value of a field that was filled in. Throws a sentence when the text means nothing. */
export function meaning(field: FormField, value: string | string[]): unknown {
  if (Array.isArray(value)) {
    if (field.kind === "choices") return value.map((text) => chosen(field, text));
    return field.kind === "numbers" ? value.map((text) => numeric(field, text)) : value;
  }
  switch (field.kind) {
    case "enum":
      return chosen(field, value);
    case "number":
      return numeric(field, value);
    case "boolean":
      return value === "true";
    case "json":
      try {
        return JSON.parse(value);
      } catch (error) {
        throw new Error(`This must be JSON: ${error instanceof Error ? error.message : "it cannot be read"}`);
      }
    case "date-time": {
      const date = new Date(value);
      if (Number.isNaN(date.getTime())) throw new Error("This must be a date and a time.");
      return date.toISOString();
    }
    default:
      return checkText(field, value);
  }
}

function chosen(field: FormField, text: string): unknown {
  const index = field.options.indexOf(text);
  return index === -1 ? text : field.choices[index];
}

function numeric(field: FormField, text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error("This must be a number.");
  if (field.integer && !Number.isInteger(number)) throw new Error("This must be a whole number.");
  if (field.minimum !== undefined && number < field.minimum)
    throw new Error(`This must be ${field.minimum} or more.`);
  if (field.maximum !== undefined && number > field.maximum)
    throw new Error(`This must be ${field.maximum} or less.`);
  return number;
}

function checkText(field: FormField, value: string): string {
  if (field.minLength !== undefined && value.length < field.minLength) {
    throw new Error(`This must have at least ${field.minLength} characters.`);
  }
  if (field.maxLength !== undefined && value.length > field.maxLength) {
    throw new Error(`This may have at most ${field.maxLength} characters.`);
  }
  if (field.pattern !== undefined && !matches(field.pattern, value)) {
    throw new Error(`This must match ${field.pattern}`);
  }
  return value;
}

/** A pattern that this browser cannot read is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}
