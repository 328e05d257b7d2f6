/** Formats server messages, which start with a lower-case word and have no final period, for display. */

/** Returns the message as a sentence: a capital first letter (unless it starts with an identifier) and a period. */
export function toSentence(message: string): string {
  const text = message.trim();
  if (text === "") return "";
  const isPlainWord = /^[a-z]+[ ,]/.test(text);
  const capitalized = isPlainWord ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?:…]$/.test(capitalized) ? capitalized : `${capitalized}.`;
}
