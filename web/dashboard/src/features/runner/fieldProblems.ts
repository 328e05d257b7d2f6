/** Assigns the server's problems to the fields of the form. */

import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { type FormField, keyOf, pathText } from "./fields.ts";

export interface FormProblems {
  /** Messages by field key; keys of cells contain the row's index. */
  byField: Record<string, string>;
  /** Messages that belong to no field, and all messages of the JSON tab. */
  general: string[];
}

export const NO_PROBLEMS: FormProblems = { byField: {}, general: [] };

/** Returns the key of the field that a path such as `body.rows[1].name` belongs to. */
function fieldKeyOf(fields: FormField[], path: string, at: string[]): string | null {
  // The longest match wins: `body.a.b` belongs to the field `body.a.b`, not to `body.a`.
  const field = fields
    .filter((candidate) => {
      const text = pathText(candidate.path);
      return path === text || path.startsWith(`${text}.`) || path.startsWith(`${text}[`);
    })
    .sort((a, b) => pathText(b.path).length - pathText(a.path).length)[0];
  if (field === undefined) return null;
  const here = [...at, ...field.path];
  const cell = /^\[(\d+)\]\.(.+)$/.exec(path.slice(pathText(field.path).length));
  const inRow =
    field.kind === "rows" && cell?.[1] && cell[2]
      ? fieldKeyOf(field.columns, cell[2], [...here, cell[1]])
      : null;
  return inRow ?? keyOf(here);
}

/** Returns the server's problems by field key; problems that belong to no field are general. */
export function problemsByField(
  fields: FormField[],
  problems: readonly { path: string; message: string }[],
): FormProblems {
  const byField: Record<string, string> = {};
  const general: string[] = [];
  for (const { path, message } of problems) {
    const key = fieldKeyOf(fields, path, []);
    if (key === null) general.push(toSentence(path === "" ? message : `${path}: ${message}`));
    else byField[key] = toSentence(message);
  }
  return { byField, general };
}
