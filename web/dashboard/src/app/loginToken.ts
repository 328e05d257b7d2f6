/** The token of a one-time login link. */

/** Returns the token and removes it from the address bar and the history; null if there is none. */
export function takeLoginToken(window: Pick<Window, "location" | "history">): string | null {
  const url = new URL(window.location.href);
  const token = url.searchParams.get("login_token");
  if (token === null) return null;
  url.searchParams.delete("login_token");
  window.history.replaceState(null, "", `${url.pathname}${url.search}${url.hash}`);
  return token === "" ? null : token;
}
