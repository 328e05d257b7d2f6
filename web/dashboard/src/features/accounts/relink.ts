/** Until when somebody must link an account again. */

import type { Account } from "../../api/client.ts";
import { calendarDay } from "../../ui/time.ts";

type Ending = Pick<Account, "status" | "relink">;

/** What to do and by when, once it is time to say so; null before, and for accounts that do not work anyway. */
export function relinkNotice({ status, relink }: Ending, now: Date): string | null {
  if (!relink || !["active", "inactive", "suspended"].includes(status)) return null;
  if (new Date(relink.due_from) > now) return null;
  const day = calendarDay(relink.before);
  const isCertificate = relink.cause === "client_certificate";
  if (new Date(relink.before) <= now) {
    return isCertificate ? `Its certificate ended on ${day}` : `Its access ended on ${day}`;
  }
  return isCertificate ? `New certificate needed before ${day}` : `Sign in again before ${day}`;
}
