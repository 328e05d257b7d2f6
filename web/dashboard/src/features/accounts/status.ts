/** What an account's state means, and what to do about it. */

export interface Status {
  label: string;
  colour: string;
  meaning: string;
  /** What the operator can do; null when all is well. */
  remedy: string | null;
}

const STATUSES: Record<string, Status> = {
  active: { label: "Active", colour: "teal", meaning: "Calls are made with this account.", remedy: null },
  inactive: {
    label: "Profile disabled",
    colour: "gray",
    meaning: "Its connector profile is disabled, so calls are refused.",
    remedy: "Enable the connector profile; the account works again at once.",
  },
  suspended: {
    label: "Suspended",
    colour: "yellow",
    meaning: "An operator paused it: calls are refused, credentials are kept.",
    remedy: "Resume it when calls may be made again.",
  },
  error: {
    label: "Error",
    colour: "red",
    meaning: "The provider refuses its credentials.",
    remedy: "Reconnect it: its owner fills in the credentials once more.",
  },
  expired: {
    label: "Expired",
    colour: "red",
    meaning: "Its credentials have expired.",
    remedy: "Reconnect it: its owner fills in the credentials once more.",
  },
  archived: { label: "Archived", colour: "gray", meaning: "It is kept for the record alone.", remedy: null },
};

/** States that the list can be narrowed to. */
export const STATUS_NAMES = Object.keys(STATUSES);

/** A state that this page does not know (a newer server's) is shown as it is named. */
export const statusOf = (name: string): Status =>
  STATUSES[name] ?? { label: name, colour: "gray", meaning: `Its state is ${name}.`, remedy: null };
