/** What every screen may need: the API, the line to the host page, and the words that the host chose. */

import { createContext, useContext } from "react";
import type { HubApi } from "./api/hubApi.ts";
import type { Host } from "./host.ts";
import type { Opener } from "./oauth/signIn.ts";

export interface Hub {
  api: HubApi;
  host: Host;
  /** The window that opens pop-ups and follows links. */
  window: Opener & { close(): void; location: Pick<Location, "origin" | "assign"> };
  /** This page is a window that another page opened, so that it may close itself. */
  opened: boolean;
  closeLabel: string;
  /** The session has ended or is not ours: nothing here works any more. */
  onEnded: () => void;
}

export const HubContext = createContext<Hub | null>(null);

export function useHub(): Hub {
  const hub = useContext(HubContext);
  if (!hub) throw new Error("useHub is for components inside HubContext");
  return hub;
}
