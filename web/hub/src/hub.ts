/** The context of all screens: the API, the connection to the host page, and the host's options. */

import { createContext, useContext } from "react";
import type { HubApi } from "./api/hubApi.ts";
import type { Host } from "./host.ts";
import type { PopupOpener } from "./oauth/authorization.ts";

export interface Hub {
  api: HubApi;
  host: Host;
  /** The window that opens pop-ups and follows links. */
  window: PopupOpener & { close(): void; location: Pick<Location, "origin" | "assign"> };
  /** Whether another page opened this window, which may therefore close itself. */
  opened: boolean;
  closeLabel: string;
  /** Called if the session has expired or is invalid. */
  onSessionExpired: () => void;
  /** Called if a link has used the session up. */
  onSessionUsed: () => void;
}

export const HubContext = createContext<Hub | null>(null);

export function useHub(): Hub {
  const hub = useContext(HubContext);
  if (!hub) throw new Error("useHub is for components inside HubContext");
  return hub;
}
