/**
 * Evaluates a field's `condition` over the values of the form. There are two notations:
 *
 *     { field: "region", equals: "custom" }      also notEquals and present; a list means "all of these"
 *     "credentials.region == 'custom'"           also !=, present(x), !x, joined by && or ||
 *
 * The text may be enclosed in `{{ }}` or `${ }`, as in connector files. If a condition cannot be parsed, the field is
 * shown: a form with an unnecessary field is usable, a form with a missing field is not.
 */

type ConditionValues = Readonly<Record<string, string>>;

const NAME = /^(?:\$?\.?(?:credentials|inputs|values)\.)?([A-Za-z_][\w-]*)$/;
const LITERAL = /^(?:'([^']*)'|"([^"]*)"|(true|false|null|-?\d+(?:\.\d+)?))$/;
const COMPARISON = /^(.+?)\s*(===?|!==?)\s*(.+)$/;
const PRESENT = /^present\(\s*(.+?)\s*\)$/;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns the value of an operand: a quoted literal, a keyword, or a field's value. */
function operand(text: string, values: ConditionValues): string | undefined {
  const literal = LITERAL.exec(text);
  if (literal) return literal[1] ?? literal[2] ?? (literal[3] === "null" ? "" : literal[3]);
  const key = NAME.exec(text)?.[1];
  return key === undefined ? undefined : (values[key] ?? "");
}

const isTruthy = (text: string): boolean => text !== "" && text !== "false" && text !== "0";

function term(text: string, values: ConditionValues): boolean | undefined {
  const comparison = COMPARISON.exec(text);
  if (comparison) {
    const [, left = "", operator = "", right = ""] = comparison;
    const [a, b] = [operand(left, values), operand(right, values)];
    if (a === undefined || b === undefined) return undefined;
    return operator.startsWith("!") ? a !== b : a === b;
  }
  if (text.startsWith("!")) {
    const inner = term(text.slice(1).trim(), values);
    return inner === undefined ? undefined : !inner;
  }
  const present = PRESENT.exec(text);
  const value = operand(present?.[1] ?? text, values);
  if (value === undefined) return undefined;
  return present ? value !== "" : isTruthy(value);
}

function fromText(condition: string, values: ConditionValues): boolean | undefined {
  const text = condition.trim().replace(/^(?:\{\{|\$\{)(.*?)\}\}?$/s, "$1");
  let any: boolean | undefined = false;
  for (const alternative of text.split("||")) {
    let all: boolean | undefined = true;
    for (const part of alternative.split("&&")) {
      const holds = term(part.trim(), values);
      if (holds === undefined) return undefined;
      all = all && holds;
    }
    any = any || all;
  }
  return any;
}

function fromObject(condition: Record<string, unknown>, values: ConditionValues): boolean | undefined {
  if (typeof condition.field !== "string") return undefined;
  const value = values[condition.field] ?? "";
  if ("equals" in condition) return value === String(condition.equals);
  if ("notEquals" in condition) return value !== String(condition.notEquals);
  if ("present" in condition) return (value !== "") === Boolean(condition.present);
  return undefined;
}

export function isMet(condition: unknown, values: ConditionValues): boolean {
  if (Array.isArray(condition)) return condition.every((part) => isMet(part, values));
  if (typeof condition === "string" && condition.trim() !== "") return fromText(condition, values) ?? true;
  if (isRecord(condition)) return fromObject(condition, values) ?? true;
  return condition !== false;
}
