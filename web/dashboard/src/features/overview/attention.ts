/** What needs a person: accounts to reconnect, profiles that a provider rejects, webhooks that fail. */

import { accountName, reasonsOf } from "../../api/accounts.ts";
import type { Account, Profile } from "../../api/client.ts";
import type { Webhook } from "../../api/webhooks.ts";
import { statusOf } from "../accounts/status.ts";

/** One thing that does not get better by itself. */
export interface Attention {
  key: string;
  what: string;
  why: string;
  /** Since when, or until when something must be done; null if that is not known. */
  at: string | null;
  page:
    | { to: "/accounts/$accountId"; params: { accountId: string } }
    | { to: "/profiles" }
    | { to: "/webhooks/$webhookId"; params: { webhookId: string } };
}

export interface Sources {
  /** Accounts whose credentials are rejected or have expired. */
  broken: Account[];
  /** Accounts whose credentials expire soon. */
  due: Account[];
  profiles: Profile[];
  webhooks: Webhook[];
}

const pageOf = (account: Account) =>
  ({ to: "/accounts/$accountId", params: { accountId: account.id } }) as const;

const nameOf = (account: Account): string =>
  `${accountName(account)} · ${account.connector_name ?? account.connector}`;

/** Returns what needs a person, in the order of harm: a profile concerns all its accounts. */
export function attentionOf({ broken, due, profiles, webhooks }: Sources): Attention[] {
  const seen = new Set(broken.map(({ id }) => id));
  return [
    ...profiles.flatMap(({ id, name, alarm }) =>
      alarm
        ? [
            {
              key: `profile ${id}`,
              what: `Connector profile ${name}`,
              why: alarm.message,
              at: alarm.since,
              page: { to: "/profiles" } as const,
            },
          ]
        : [],
    ),
    ...broken.map((account) => ({
      key: `account ${account.id}`,
      what: nameOf(account),
      why: reasonsOf(account).at(-1) ?? `${statusOf(account.status).meaning} Reconnect the account.`,
      at: null,
      page: pageOf(account),
    })),
    ...webhooks.flatMap(({ id, name, url, health }) =>
      // One that a person disabled has no error.
      health.state === "failing" || (health.state === "disabled" && health.last_error)
        ? [
            {
              key: `webhook ${id}`,
              what: `Webhook ${name || url}`,
              why: health.last_error ?? "No delivery has succeeded for an hour.",
              at: health.since ?? null,
              page: { to: "/webhooks/$webhookId", params: { webhookId: String(id) } } as const,
            },
          ]
        : [],
    ),
    ...due
      .filter(({ id }) => !seen.has(id))
      .map((account) => ({
        key: `due ${account.id}`,
        what: nameOf(account),
        why: account.relink?.message ?? "The credentials expire soon. Reconnect the account.",
        at: account.relink?.before ?? null,
        page: pageOf(account),
      })),
  ];
}
