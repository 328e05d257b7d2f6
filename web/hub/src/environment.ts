/**
 * The page's environment: its address and the windows around it. It is read once at the start. The query is then
 * removed from the address bar, so that the token does not appear in the history, a screenshot or a `Referer`.
 */

import { parseOrigin } from "@patchbay/web-shared/hostMessages.ts";
import { parseTheme, type Theme } from "@patchbay/web-shared/theme.ts";

export interface Environment {
  page: "hub" | "callback";
  token: string | null;
  /** Whether the page is inside another page. */
  framed: boolean;
  /** The host page's origin; null without a host. */
  hostOrigin: string | null;
  /** The theme in the address; null if there is none. */
  theme: Theme | null;
  /** Whether another page opened this window, which may therefore close itself. */
  opened: boolean;
}

type BrowserWindow = Pick<Window, "location" | "history" | "parent" | "opener">;

export function readEnvironment(window: BrowserWindow): Environment {
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
