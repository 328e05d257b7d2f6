/** What the search offers, in the order in which it is shown. */

import type { SearchResult } from "@patchbay/web-shared/docsSearch.ts";
import { accountName } from "../../api/accounts.ts";
import type { Account, Schemas } from "../../api/client.ts";
import type { Connector } from "../../api/connectors.ts";
import type { NavigationPage } from "../../app/pages.ts";
import { matches, matchingPages } from "./matchingPages.ts";

export type FoundAction = Schemas["FoundAction"];

export type Option =
  | { kind: "page"; page: NavigationPage }
  | { kind: "run"; id: string }
  | { kind: "account"; account: Account }
  | { kind: "connector"; connector: Connector }
  | { kind: "action"; action: FoundAction }
  | { kind: "docs"; result: SearchResult }
  | { kind: "all"; query: string };

/** What was found for a text, or for an older one. */
export interface Found {
  accounts: Account[];
  connectors: Connector[];
  actions: FoundAction[];
  docs: SearchResult[];
}

/** How many of each kind are offered, so that the other kinds stay visible. */
const SHOWN = 5;

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is the ID of a run. */
export const isRunId = (text: string): boolean => RUN_ID.test(text.trim());

/** Returns the options for a text. Without one, these are the pages. */
export function optionsFor(text: string, found: Found): Option[] {
  const query = text.trim();
  const pages = matchingPages(text).map((page) => ({ kind: "page" as const, page }));
  if (query === "") return pages;
  return [
    ...pages,
    ...(isRunId(query) ? [{ kind: "run" as const, id: query.toLowerCase() }] : []),
    ...found.accounts.slice(0, SHOWN).map((account) => ({ kind: "account" as const, account })),
    ...found.connectors
      .filter(({ provider, provider_name: name }) => matches(query, `${name} ${provider}`))
      .slice(0, SHOWN)
      .map((connector) => ({ kind: "connector" as const, connector })),
    // The server also finds what has a similar meaning; the documentation's results are better for that.
    ...found.actions
      .filter(({ id, label }) => matches(query, `${label} ${id}`))
      .slice(0, SHOWN)
      .map((action) => ({ kind: "action" as const, action })),
    ...found.docs.map((result) => ({ kind: "docs" as const, result })),
    { kind: "all" as const, query },
  ];
}

/** Returns what distinguishes an option from all others. */
export function keyOf(option: Option): string {
  switch (option.kind) {
    case "page":
      return option.page.to;
    case "run":
      return `run ${option.id}`;
    case "account":
      return `account ${option.account.id}`;
    case "connector":
      return `connector ${option.connector.provider}`;
    case "action":
      return `action ${option.action.id}`;
    case "docs":
      return option.result.path;
    case "all":
      return "all";
  }
}

/** Returns the kind and the name of an option that the instance has. */
export function namesOf(
  option: Extract<Option, { kind: "run" | "account" | "connector" | "action" }>,
): [kind: string, name: string] {
  switch (option.kind) {
    case "run":
      return ["Log of the call", option.id];
    case "account": {
      const { connector, connector_name: name } = option.account;
      return [`Account · ${name ?? connector}`, accountName(option.account)];
    }
    case "connector":
      return ["Connector", option.connector.provider_name];
    case "action":
      return [`Action · ${option.action.id}`, option.action.label];
  }
}
