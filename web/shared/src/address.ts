/** Addresses as the server compares them, to know whether secrets that were entered for one must be entered again. */

import { trimPasted } from "./pastedValue.ts";

/** Returns an address in the form in which two spellings of one address are equal. */
function comparable(value: string): string {
  const text = trimPasted(value);
  if (/^[\w-]*\.[\w.-]*$/.test(text)) return text.replace(/\.$/, "").toLowerCase();
  if (!text.includes("://") || !URL.canParse(text)) return text;
  return new URL(text).href.replace(/\/+$/, "");
}

/** Returns whether two values are one address. */
export const isSameAddress = (one: string, other: string): boolean => comparable(one) === comparable(other);
