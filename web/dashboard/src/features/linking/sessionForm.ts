/** The form of a connect session, and the request it creates. */

import type { ConnectSessionRequest } from "../../api/connectSessions.ts";

export interface SessionForm {
  ownerId: string;
  ownerName: string;
  username: string;
  connector: string | null;
  type: "production" | "test";
  /** Lifetime of the link in seconds. */
  expiresIn: string;
}

/** Lifetimes of a link, in seconds. */
export const LINK_LIFETIMES = [
  { value: "3600", label: "1 hour" },
  { value: "86400", label: "1 day" },
  { value: "432000", label: "5 days" },
  { value: "2592000", label: "30 days" },
] as const;

export const emptySessionForm: SessionForm = {
  ownerId: "",
  ownerName: "",
  username: "",
  connector: null,
  type: "production",
  expiresIn: "432000",
};

export type SessionProblems = Partial<Record<"ownerId" | "ownerName", string>>;

export function sessionProblems(form: SessionForm): SessionProblems {
  const problems: SessionProblems = {};
  if (form.ownerId.trim() === "") problems.ownerId = "Enter your ID for the customer.";
  if (form.ownerName.trim() === "") problems.ownerName = "Enter the customer's name.";
  return problems;
}

/** Returns the request; `withExpiry` includes the lifetime, which only links need. */
export function sessionRequest(form: SessionForm, withExpiry: boolean): ConnectSessionRequest {
  return {
    origin_owner_id: form.ownerId.trim(),
    origin_owner_name: form.ownerName.trim(),
    ...(form.username.trim() === "" ? {} : { origin_username: form.username.trim() }),
    ...(form.connector === null ? {} : { provider: form.connector }),
    type: form.type,
    ...(withExpiry ? { expires_in: Number(form.expiresIn) } : {}),
  };
}
