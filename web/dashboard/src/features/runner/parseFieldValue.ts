/** Converts the value of a control to the value that is sent, and checks its constraints. */

import type { FormField } from "./fields.ts";

/** Returns the value of a filled-in field. Throws an error with a message for the user if it is invalid. */
export function parseFieldValue(field: FormField, value: string | string[]): unknown {
  if (Array.isArray(value)) {
    if (field.kind === "choices") return value.map((text) => choiceOf(field, text));
    return field.kind === "numbers" ? value.map((text) => parseNumber(field, text)) : value;
  }
  switch (field.kind) {
    case "enum":
      return choiceOf(field, value);
    case "number":
      return parseNumber(field, value);
    case "boolean":
      return value === "true";
    case "json":
      try {
        return JSON.parse(value);
      } catch (error) {
        throw new Error(`Enter valid JSON: ${error instanceof Error ? error.message : "syntax error"}`);
      }
    case "date-time": {
      const date = new Date(value);
      if (Number.isNaN(date.getTime())) throw new Error("Enter a date and time.");
      return date.toISOString();
    }
    default:
      return checkText(field, value);
  }
}

function choiceOf(field: FormField, text: string): unknown {
  const index = field.options.indexOf(text);
  return index === -1 ? text : field.choices[index];
}

function parseNumber(field: FormField, text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error("Enter a number.");
  if (field.integer && !Number.isInteger(number)) throw new Error("Enter a whole number.");
  if (field.minimum !== undefined && number < field.minimum)
    throw new Error(`Enter ${field.minimum} or more.`);
  if (field.maximum !== undefined && number > field.maximum)
    throw new Error(`Enter ${field.maximum} or less.`);
  return number;
}

function checkText(field: FormField, value: string): string {
  if (field.minLength !== undefined && value.length < field.minLength) {
    throw new Error(`Enter at least ${field.minLength} characters.`);
  }
  if (field.maxLength !== undefined && value.length > field.maxLength) {
    throw new Error(`Enter at most ${field.maxLength} characters.`);
  }
  if (field.pattern !== undefined && !matches(field.pattern, value)) {
    throw new Error(`This must match ${field.pattern}.`);
  }
  return value;
}

/** Returns whether the value matches; a pattern that this browser cannot parse is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}
