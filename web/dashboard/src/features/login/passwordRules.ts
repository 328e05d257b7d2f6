/** The server's password rules, checked before the request. The server has the final say. */

const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 200;

/** Returns what is wrong with a password, or null if it is valid. */
export function passwordProblem(password: string): string | null {
  const characters = [...password];
  if (characters.length < MIN_PASSWORD_LENGTH)
    return `Use at least ${MIN_PASSWORD_LENGTH} characters. Several words work well.`;
  if (characters.length > MAX_PASSWORD_LENGTH) return `Use at most ${MAX_PASSWORD_LENGTH} characters.`;
  if (new Set(characters).size === 1) return "Use more than one distinct character.";
  return null;
}
