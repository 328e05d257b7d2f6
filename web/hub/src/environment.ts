/**
 * What the page learns from where it is: its address and the windows around it. Read once, at the
 * start. The query is then taken out of the address bar, so that the token is in no history entry,
 * screenshot or `Referer`.
 */

import { parseOrigin } from "@patchbay/web-shared/messages.ts";
import { parseTheme, type Theme } from "@patchbay/web-shared/theme.ts";

export interface Environment {
  page: "hub" | "callback";
  token: string | null;
  /** Inside another page. */
  framed: boolean;
  /** The host page's origin; null when there is no host to speak with. */
  hostOrigin: string | null;
  /** What the address asks for; null when it asks for nothing. */
  theme: Theme | null;
  /** Opened by another page as a window of its own, which it may therefore close. */
  opened: boolean;
}

type Surroundings = Pick<Window, "location" | "history" | "parent" | "opener">;

export function readEnvironment(window: Surroundings): Environment {
  const { location, history } = window;
  const query = new URLSearchParams(location.search);
  const framed = window.parent !== (window as unknown);
  const page = location.pathname.endsWith("/accounts/callback") ? "callback" : "hub";
  if (location.search !== "") history.replaceState(history.state, "", location.pathname);
  return {
    page,
    token: query.get("token") || null,
    framed,
    hostOrigin: framed ? parseOrigin(query.get("origin")) : null,
    theme: parseTheme(query.get("theme")),
    opened: window.opener !== null && window.opener !== undefined,
  };
}
