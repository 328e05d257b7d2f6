/** The meaning of each account status, and what to do about it. */

import type { Schemas } from "../../api/client.ts";

export type AccountStatus = Schemas["AccountStatus"];

export interface StatusInfo {
  label: string;
  color: string;
  meaning: string;
  /** What the operator can do; null if nothing is wrong. */
  remedy: string | null;
}

const STATUSES: Record<AccountStatus, StatusInfo> = {
  active: { label: "Active", color: "teal", meaning: "Calls with this account work.", remedy: null },
  inactive: {
    label: "Profile disabled",
    color: "gray",
    meaning: "The account's connector profile is disabled, so calls are rejected.",
    remedy: "Enable the connector profile. The account then works again immediately.",
  },
  suspended: {
    label: "Suspended",
    color: "yellow",
    meaning: "An operator suspended the account. Calls are rejected; its credentials are kept.",
    remedy: "Resume the account to allow calls again.",
  },
  error: {
    label: "Error",
    color: "red",
    meaning: "The provider rejects the account's credentials.",
    remedy: "Reconnect the account: its owner enters the credentials or authorizes access again.",
  },
  expired: {
    label: "Expired",
    color: "red",
    meaning: "The account's credentials have expired.",
    remedy: "Reconnect the account: its owner enters the credentials or authorizes access again.",
  },
  archived: {
    label: "Archived",
    color: "gray",
    meaning: "The account is kept for reference only.",
    remedy: null,
  },
};

/** The statuses that the list can be filtered by. */
export const STATUS_NAMES: AccountStatus[] = [
  "active",
  "inactive",
  "suspended",
  "error",
  "expired",
  "archived",
];

/** Returns the meaning of a status. A status of a newer server is shown by its wire name. */
export const statusOf = (name: AccountStatus): StatusInfo =>
  STATUSES[name] ?? { label: name, color: "gray", meaning: `The account's status is ${name}.`, remedy: null };
