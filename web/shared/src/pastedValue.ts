/** The rule for values that people paste into a form. The server has the same rule, and applies it again. */

/** Unicode's white space, byte order mark, zero-width space, joiners, word joiner. */
const AROUND = /[\p{White_Space}\u{feff}\u{2060}]|[\u{200b}-\u{200d}]/u;

/** The ends of the keys of fields that contain a person's password. */
const PASSWORD_KEY = /(?:password|passphrase|passwd)$/i;

/** Returns a text without the whitespace and the invisible characters around it. */
export function trimPasted(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && AROUND.test(text.charAt(start))) start += 1;
  while (end > start && AROUND.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/**
 * Returns the value of a field as it is stored: without the whitespace and the invisible characters around it, which people
 * paste with a key. A person's password may begin or end with a space, so it stays as it was typed.
 */
export const pastedValue = (key: string, typed: string): string =>
  PASSWORD_KEY.test(key) ? typed : trimPasted(typed);
