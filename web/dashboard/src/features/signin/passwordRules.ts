/** What the server asks of a password, told before it is sent. The server decides. */

const SHORTEST = 12;
const LONGEST = 200;

/** What is wrong with a password, or null. */
export function passwordProblem(password: string): string | null {
  const characters = [...password];
  if (characters.length < SHORTEST) return `Use at least ${SHORTEST} characters; several words are fine.`;
  if (characters.length > LONGEST) return `Use at most ${LONGEST} characters.`;
  if (new Set(characters).size === 1) return "Use more than one character over and over.";
  return null;
}
