/**
 * The fields of an action, read from its input schema: which control each value has, and what it must be.
 * Shapes that have no control of their own (either-or, free objects, lists inside rows) are written as JSON.
 */

export const GROUPS = ["path", "query", "headers", "body"] as const;
export type Group = (typeof GROUPS)[number];

export type FieldKind =
  | "text"
  | "long"
  | "number"
  | "boolean"
  | "enum"
  | "date"
  | "date-time"
  | "texts"
  | "numbers"
  | "choices"
  | "rows"
  | "json";

export interface FormField {
  /** Where its value goes, such as `["body", "poc_details", "email"]`; in a row, from the row on. */
  path: string[];
  kind: FieldKind;
  required: boolean;
  description: string;
  options: string[];
  /** The values that the options stand for, which need not be text. */
  choices: unknown[];
  /** The fields of one row, for `rows`. */
  columns: FormField[];
  integer: boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  /** What the text is, such as `email` or `uuid`. */
  format?: string;
  /** What the provider takes when nothing is sent. */
  fallback?: unknown;
}

export type Schema = Record<string, unknown>;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const keyOf = (path: readonly string[]): string => JSON.stringify(path);

/** How a path is told to a person, and how the server names it in its problems. */
export const pathText = (path: readonly string[]): string => path.join(".");

const texts = (value: unknown): string[] =>
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
    return typeof schema.maxLength === "number" && schema.maxLength > 500 ? "long" : "text";
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
      return "texts";
    default:
      return "json";
  }
}

const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

function fieldOf(path: string[], schema: Schema, required: boolean, isInRow: boolean): FormField {
  const listed = kindOf(schema);
  // Rows inside rows would be a form that nobody finds their way through.
  const kind = listed === "rows" && isInRow ? "json" : listed;
  const isList = kind === "choices" || kind === "numbers";
  const described = isList && isRecord(schema.items) ? schema.items : schema;
  const field: FormField = {
    path,
    kind,
    required,
    description: typeof schema.description === "string" ? schema.description : "",
    options: texts(described.enum),
    choices: Array.isArray(described.enum) ? described.enum.filter((entry) => entry !== null) : [],
    columns: [],
    integer: typeOf(described) === "integer",
  };
  if (kind === "rows" && isRecord(schema.items)) walk([], schema.items, true, true, field.columns);
  const [minimum, maximum] = [numberOf(described.minimum), numberOf(described.maximum)];
  const [minLength, maxLength] = [numberOf(schema.minLength), numberOf(schema.maxLength)];
  if (minimum !== undefined) field.minimum = minimum;
  if (maximum !== undefined) field.maximum = maximum;
  if (minLength !== undefined) field.minLength = minLength;
  if (maxLength !== undefined) field.maxLength = maxLength;
  if (typeof schema.pattern === "string") field.pattern = schema.pattern;
  if (kind === "text" && typeof schema.format === "string") field.format = schema.format;
  if (schema.default !== undefined && schema.default !== null) field.fallback = schema.default;
  return field;
}

/** Deeper objects are written as JSON: a form five levels deep helps nobody. */
const DEEPEST = 4;

function walk(path: string[], schema: Schema, required: boolean, isInRow: boolean, into: FormField[]): void {
  if (!hasMembers(schema) || path.length >= DEEPEST) {
    into.push(fieldOf(path, schema, required, isInRow));
    return;
  }
  const needed = texts(schema.required);
  for (const [name, member] of Object.entries(schema.properties as Schema)) {
    if (isRecord(member)) walk([...path, name], member, required && needed.includes(name), isInRow, into);
  }
}

/** The fields of an action: required ones, then plain ones, then variants, each in the order of the schema. */
export function formFields(inputSchema: Record<string, unknown>): FormField[] {
  const groups = isRecord(inputSchema.properties) ? inputSchema.properties : {};
  const fields: FormField[] = [];
  for (const group of GROUPS) {
    const schema = groups[group];
    // A group without members of its own takes anything, as one object, or nothing.
    if (isRecord(schema)) walk([group], schema, hasMembers(schema), false, fields);
  }
  const optional = fields.filter((field) => !field.required);
  // Variants of one input (`filter__date[$gte]`) come after what most runs want, such as the page.
  const isVariant = (field: FormField) => /[[\]]|__/.test(pathText(field.path));
  return [
    ...fields.filter((field) => field.required),
    ...optional.filter((field) => !isVariant(field)),
    ...optional.filter(isVariant),
  ];
}

/** What a value must be, in a few words, such as "1 to 100"; empty when anything goes. */
export function hintOf(field: FormField): string {
  const hints: string[] = [];
  if (field.format !== undefined) hints.push(FORMATS[field.format] ?? field.format);
  const range = between(field.minimum, field.maximum);
  // What the author's own sentence says is not said twice.
  const isSaid = field.description.includes(String(field.maximum ?? field.minimum));
  if (range !== null && !isSaid) hints.push(range);
  // What takes any text at all needs no word of it.
  const length = between(
    field.minLength === 1 && field.maxLength === undefined ? undefined : field.minLength,
    field.maxLength,
  );
  if (length !== null && field.kind !== "rows") hints.push(`${length} characters`);
  if (field.fallback !== undefined) hints.push(`${show(field.fallback)} when empty`);
  return hints.join(", ");
}

const FORMATS: Record<string, string> = { email: "an e-mail address", uri: "a URL", uuid: "a UUID" };

const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function between(least: number | undefined, most: number | undefined): string | null {
  if (least !== undefined && most !== undefined) return least === most ? `${least}` : `${least} to ${most}`;
  if (least !== undefined) return `${least} or more`;
  return most === undefined ? null : `at most ${most}`;
}
