/** Text inside code to copy, quoted for the language that it stands in. */

/** A text inside single quotes of a POSIX shell. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What stands between the double quotes of an HTML attribute. */
export const attributeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** All lines but the first, moved in. */
export const indented = (text: string, by: string): string => text.replaceAll("\n", `\n${by}`);
