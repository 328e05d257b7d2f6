/** The inputs of the next page of an answer. */

import type { FormField } from "./fields.ts";
import type { RunInputs } from "./formModel.ts";

/** The names that connectors give to the place in a list, the most telling first. */
const PLACES = ["next", "cursor", "page_token", "page", "offset"];

/** The cursor goes where the action takes one, as what that input is; null when there is no more. */
export function nextInputs(fields: FormField[], inputs: RunInputs, next: unknown): RunInputs | null {
  if (next === null || next === undefined || next === "") return null;
  for (const name of PLACES) {
    const field = fields.find(({ path }) => path.length === 2 && path[0] === "query" && path[1] === name);
    if (field !== undefined) {
      const value = field.kind === "number" ? Number(next) : next;
      return { ...inputs, query: { ...inputs.query, [name]: value } };
    }
  }
  return null;
}
