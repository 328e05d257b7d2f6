/**
 * The form fields of an action, derived from its input schema: the control and the constraints of each value.
 * Schemas without a suitable control (alternatives, free-form objects, lists inside rows) are edited as JSON.
 */

export const GROUPS = ["path", "query", "headers", "body"] as const;
export type Group = (typeof GROUPS)[number];

export type FieldKind =
  | "text"
  | "multiline"
  | "number"
  | "boolean"
  | "enum"
  | "date"
  | "date-time"
  | "strings"
  | "numbers"
  | "choices"
  | "rows"
  | "json";

export interface FormField {
  /** The path of the value, for example `["body", "poc_details", "email"]`; in a row, relative to the row. */
  path: string[];
  kind: FieldKind;
  required: boolean;
  description: string;
  /** The options as text. */
  options: string[];
  /** The values of the options, which need not be strings. */
  choices: unknown[];
  /** The fields of one row, for `rows`. */
  columns: FormField[];
  /** The options that the columns of a row may have together, by column key; empty if all combinations are allowed. */
  alternatives: Record<string, unknown[]>[];
  integer: boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  /** The JSON Schema format of the text, for example `email` or `uuid`. */
  format?: string;
  /** The value that applies if none is sent. */
  defaultValue?: unknown;
}

export type Schema = Record<string, unknown>;

/** Longer texts get a text area. */
const MAX_SINGLE_LINE_LENGTH = 500;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const keyOf = (path: readonly string[]): string => JSON.stringify(path);

/** Returns a path in dot notation, as the server names it in its problems. */
export const pathText = (path: readonly string[]): string => path.join(".");

const toStrings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => entry !== null).map((entry) => String(entry)) : [];

function typeOf(schema: Schema): string | null {
  const { type } = schema;
  if (Array.isArray(type)) return type.map(String).find((name) => name !== "null") ?? null;
  return typeof type === "string" ? type : null;
}

const hasMembers = (schema: Schema): boolean =>
  typeOf(schema) === "object" && isRecord(schema.properties) && Object.keys(schema.properties).length > 0;

function kindOf(schema: Schema): FieldKind {
  const type = typeOf(schema);
  if (Array.isArray(schema.enum)) return "enum";
  if (type === "string") {
    if (schema.format === "date" || schema.format === "date-time") return schema.format;
    return typeof schema.maxLength === "number" && schema.maxLength > MAX_SINGLE_LINE_LENGTH
      ? "multiline"
      : "text";
  }
  if (type === "number" || type === "integer") return "number";
  if (type === "boolean") return "boolean";
  if (type === "array" && isRecord(schema.items)) return kindOfList(schema.items);
  return "json";
}

function kindOfList(items: Schema): FieldKind {
  if (hasMembers(items)) return "rows";
  switch (kindOf(items)) {
    case "enum":
      return "choices";
    case "number":
      return "numbers";
    case "text":
      return "strings";
    default:
      return "json";
  }
}

const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

function fieldOf(path: string[], schema: Schema, required: boolean, isInRow: boolean): FormField {
  const listed = kindOf(schema);
  // Nested rows would make the form hard to use.
  const kind = listed === "rows" && isInRow ? "json" : listed;
  const isList = kind === "choices" || kind === "numbers";
  const described = isList && isRecord(schema.items) ? schema.items : schema;
  const field: FormField = {
    path,
    kind,
    required,
    description: typeof schema.description === "string" ? schema.description : "",
    options: toStrings(described.enum),
    choices: Array.isArray(described.enum) ? described.enum.filter((entry) => entry !== null) : [],
    columns: [],
    alternatives: [],
    integer: typeOf(described) === "integer",
  };
  if (kind === "rows" && isRecord(schema.items)) {
    walk([], schema.items, true, true, field.columns);
    field.alternatives = alternativesOf(schema.items);
  }
  const [minimum, maximum] = [numberOf(described.minimum), numberOf(described.maximum)];
  const [minLength, maxLength] = [numberOf(schema.minLength), numberOf(schema.maxLength)];
  if (minimum !== undefined) field.minimum = minimum;
  if (maximum !== undefined) field.maximum = maximum;
  if (minLength !== undefined) field.minLength = minLength;
  if (maxLength !== undefined) field.maxLength = maxLength;
  if (typeof schema.pattern === "string") field.pattern = schema.pattern;
  if (kind === "text" && typeof schema.format === "string") field.format = schema.format;
  if (schema.default !== undefined && schema.default !== null) field.defaultValue = schema.default;
  return field;
}

/** Returns the options of the members by entry of `anyOf`, which lists the combinations that an object may have. */
function alternativesOf(schema: Schema): Record<string, unknown[]>[] {
  const entries = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isRecord) : [];
  return entries.map((entry) => {
    const members = isRecord(entry.properties) ? Object.entries(entry.properties) : [];
    const listed = members.flatMap(([name, member]) =>
      isRecord(member) && Array.isArray(member.enum) ? [[keyOf([name]), member.enum] as const] : [],
    );
    return Object.fromEntries(listed);
  });
}

/** Returns the columns of a row; the options of a column depend on the values of the columns before it. */
export function columnsOf(field: FormField, given: (column: FormField) => unknown): FormField[] {
  const earlier: [string, string][] = [];
  return field.columns.map((column) => {
    const name = keyOf(column.path);
    const fitting = field.alternatives.filter((options) =>
      earlier.every(([key, value]) => options[key] === undefined || toStrings(options[key]).includes(value)),
    );
    const value = given(column);
    if (typeof value === "string" && value !== "") earlier.push([name, value]);
    const options = fitting.map((alternative) => alternative[name]);
    // An alternative without options allows any value.
    if (options.length === 0 || options.includes(undefined)) return column;
    const choices = [...new Set(options.flatMap((list) => list ?? []))];
    return { ...column, kind: "enum", choices, options: toStrings(choices) };
  });
}

/** Objects below this depth are edited as JSON. */
const MAX_DEPTH = 4;

function walk(path: string[], schema: Schema, required: boolean, isInRow: boolean, into: FormField[]): void {
  if (!hasMembers(schema) || path.length >= MAX_DEPTH) {
    into.push(fieldOf(path, schema, required, isInRow));
    return;
  }
  const requiredNames = toStrings(schema.required);
  for (const [name, member] of Object.entries(schema.properties as Schema)) {
    if (isRecord(member))
      walk([...path, name], member, required && requiredNames.includes(name), isInRow, into);
  }
}

/** Returns the fields of an action: required ones, then optional ones, then filter variants, in schema order. */
export function formFields(inputSchema: Record<string, unknown>): FormField[] {
  const groups = isRecord(inputSchema.properties) ? inputSchema.properties : {};
  const fields: FormField[] = [];
  for (const group of GROUPS) {
    const schema = groups[group];
    // A group without declared members accepts any object.
    if (isRecord(schema)) walk([group], schema, hasMembers(schema), false, fields);
  }
  const optional = fields.filter((field) => !field.required);
  // Filter variants (`filter__date[$gte]`) come after the common inputs, such as the page.
  const isVariant = (field: FormField) => /[[\]]|__/.test(pathText(field.path));
  return [
    ...fields.filter((field) => field.required),
    ...optional.filter((field) => !isVariant(field)),
    ...optional.filter(isVariant),
  ];
}

/** Whether the rows of a list are filters: a field, an operator and a value. */
export const isFilterList = (field: FormField): boolean =>
  field.kind === "rows" &&
  field.columns.length === 3 &&
  ["field", "operator", "value"].every((name) =>
    field.columns.some((column) => keyOf(column.path) === keyOf([name])),
  );

/** Returns a short hint about the constraints, for example "1 to 100"; empty if there are none. */
export function hintOf(field: FormField): string {
  const hints: string[] = [];
  if (field.format !== undefined) hints.push(FORMATS[field.format] ?? field.format);
  const range = between(field.minimum, field.maximum);
  // The description may already mention the limit.
  const isDescribed = field.description.includes(String(field.maximum ?? field.minimum));
  if (range !== null && !isDescribed) hints.push(range);
  // A minimum of one character is obvious.
  const length = between(
    field.minLength === 1 && field.maxLength === undefined ? undefined : field.minLength,
    field.maxLength,
  );
  if (length !== null && field.kind !== "rows") hints.push(`${length} characters`);
  if (field.defaultValue !== undefined) hints.push(`default: ${format(field.defaultValue)}`);
  return hints.join(", ");
}

const FORMATS: Record<string, string> = { email: "an email address", uri: "a URL", uuid: "a UUID" };

const format = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function between(min: number | undefined, max: number | undefined): string | null {
  if (min !== undefined && max !== undefined) return min === max ? `${min}` : `${min} to ${max}`;
  if (min !== undefined) return `${min} or more`;
  return max === undefined ? null : `at most ${max}`;
}
