/** The form that a connect session is made from, and what is sent for it. */

import type { SessionRequest } from "../../api/sessions.ts";

export interface SessionForm {
  ownerId: string;
  ownerName: string;
  username: string;
  connector: string | null;
  type: "production" | "test";
  /** Seconds. */
  expiresIn: string;
}

export const EXPIRIES = [
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
  if (form.ownerId.trim() === "") problems.ownerId = "Your own id of the customer is needed.";
  if (form.ownerName.trim() === "") problems.ownerName = "The customer's name is needed.";
  return problems;
}

/** What is sent; a life only where the link outlives the page. */
export function sessionRequest(form: SessionForm, withLife: boolean): SessionRequest {
  return {
    origin_owner_id: form.ownerId.trim(),
    origin_owner_name: form.ownerName.trim(),
    ...(form.username.trim() === "" ? {} : { origin_username: form.username.trim() }),
    ...(form.connector === null ? {} : { provider: form.connector }),
    type: form.type,
    ...(withLife ? { expires_in: Number(form.expiresIn) } : {}),
  };
}
