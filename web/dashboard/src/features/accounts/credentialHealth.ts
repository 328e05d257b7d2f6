/** How an account's credentials are: from what the provider last said about them, and from their expiry. */

import type { Account } from "../../api/client.ts";
import { reconnectNotice } from "./reconnectNotice.ts";

export interface CredentialHealth {
  label: string;
  color: string;
  meaning: string;
}

type Credentials = Pick<Account, "status" | "relink" | "token" | "profile_alarm" | "missing_scopes">;

/** Returns the most serious thing that is known. */
export function credentialHealth(account: Credentials, now: Date): CredentialHealth {
  const { status, token, profile_alarm: alarm, missing_scopes: missing } = account;
  if (status === "error") {
    return { label: "Rejected", color: "red", meaning: "The provider rejects them. Reconnect the account." };
  }
  if (status === "expired") {
    return { label: "Expired", color: "red", meaning: "They have expired. Reconnect the account." };
  }
  if (status === "archived") {
    return { label: "Not used", color: "gray", meaning: "The account is archived." };
  }
  if (alarm) {
    return {
      label: "OAuth app rejected",
      color: "red",
      meaning: "The provider rejects the OAuth app of the connector profile, so they cannot be refreshed.",
    };
  }
  const notice = reconnectNotice(account, now);
  if (notice !== null) return { label: "Expire soon", color: "yellow", meaning: `${notice}.` };
  if (token?.expires_at && token.renews_at === null && new Date(token.expires_at) <= now) {
    return {
      label: "Expired",
      color: "red",
      meaning: "The token has expired and is not refreshed automatically. Reconnect the account.",
    };
  }
  if (missing.length > 0) {
    return { label: "Scopes missing", color: "yellow", meaning: "The provider did not grant every scope." };
  }
  return { label: "No known problem", color: "teal", meaning: "The provider has not rejected them." };
}
