/** The deadline by which an account must be reconnected. */

import type { Account } from "../../api/client.ts";
import { calendarDay } from "../../ui/time.ts";

type ExpiringAccount = Pick<Account, "status" | "relink">;

/** Returns what to do by when, once the notice is due; null before, and for accounts that do not work. */
export function reconnectNotice({ status, relink }: ExpiringAccount, now: Date): string | null {
  if (!relink || !["active", "inactive", "suspended"].includes(status)) return null;
  if (new Date(relink.due_from) > now) return null;
  const day = calendarDay(relink.before);
  const isCertificate = relink.cause === "client_certificate";
  if (new Date(relink.before) <= now) {
    return isCertificate ? `Certificate expired on ${day}` : `Access expired on ${day}`;
  }
  return isCertificate ? `New certificate needed before ${day}` : `Reconnect before ${day}`;
}
