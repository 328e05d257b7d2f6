/** The filters of the account list. They are part of the page's address, so that a view can be shared. */

import { type AccountStatus, STATUS_NAMES } from "./status.ts";

/** A status filter that is not a status: working accounts that must be reconnected soon. */
export const RECONNECT_DUE = "reconnect_due" as const;

const MAX_FILTER_LENGTH = 200;

export interface AccountFilters {
  search?: string;
  connector?: string;
  status?: AccountStatus | typeof RECONNECT_DUE;
  type?: "production" | "test";
  profile?: string;
  page?: number;
}

const text = (value: unknown): string | undefined => {
  const string = typeof value === "number" ? String(value) : value;
  return typeof string === "string" && string.trim() !== "" ? string.slice(0, MAX_FILTER_LENGTH) : undefined;
};

/** Returns the filters of an address's query; invalid values are ignored. */
export function parseFilters(search: Record<string, unknown>): AccountFilters {
  const filters: AccountFilters = {};
  const query = text(search.search);
  if (query !== undefined) filters.search = query;
  const connector = text(search.connector);
  if (connector !== undefined) filters.connector = connector;
  const profile = text(search.profile);
  if (profile !== undefined) filters.profile = profile;
  const status = [...STATUS_NAMES, RECONNECT_DUE].find((name) => name === search.status);
  if (status !== undefined) filters.status = status;
  if (search.type === "production" || search.type === "test") filters.type = search.type;
  const page = Number(search.page);
  if (Number.isInteger(page) && page > 1) filters.page = page;
  return filters;
}

/** Returns the filters with a change applied, back on the first page unless the change sets a page. */
export function changeFilter(filters: AccountFilters, change: Record<string, unknown>): AccountFilters {
  return parseFilters({ ...filters, page: undefined, ...change });
}

export const hasFilters = ({ page: _, ...filters }: AccountFilters): boolean =>
  Object.keys(filters).length > 0;
