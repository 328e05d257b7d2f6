/** The events of Patchbay, in the order in which forms list them. */

import type { Schemas } from "../../api/client.ts";

export type PlatformEvent = Schemas["PlatformEvent"];

export const PLATFORM_EVENTS: { value: PlatformEvent; label: string }[] = [
  { value: "account.created", label: "An account was linked" },
  { value: "account.updated", label: "An account changed" },
  { value: "account.deleted", label: "An account was deleted" },
  { value: "account.reauth_required", label: "An account must be reconnected" },
  { value: "account.reactivated", label: "An account is active again" },
  { value: "account.relink_due", label: "A credential of an account expires soon" },
  { value: "account.revoked", label: "An account was revoked" },
  { value: "webhook.failing", label: "Another webhook has failed for a day" },
];

/** Returns the events of connectors in a text: one per line, or separated by commas. */
export const parseConnectorEvents = (text: string): string[] => [
  ...new Set(
    text
      .split(/[\n,]/)
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  ),
];

/** Returns the headers in a text of lines `Name: value`, or the first line that is none. */
export function parseHeaders(text: string): { headers: Record<string, string> } | { wrong: string } {
  const headers: Record<string, string> = {};
  for (const line of text.split("\n").map((part) => part.trim())) {
    if (line === "") continue;
    const at = line.indexOf(":");
    if (at <= 0) return { wrong: line };
    headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return { headers };
}
