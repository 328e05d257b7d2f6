/** Quotes text for code snippets. */

/** Returns a string in single quotes for a POSIX shell. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Escapes text for a double-quoted HTML attribute. */
export const attributeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** Indents all lines except the first. */
export const indented = (text: string, by: string): string => text.replaceAll("\n", `\n${by}`);
