/** The accounts, connectors and actions for what is typed. */

import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import { useConnectors } from "../../api/connectors.ts";
import type { Found } from "./options.ts";

/** Pause in typing after which the server is asked. */
const DELAY_MS = 150;
/** A single letter is in the name of nearly everything. */
const MIN_LENGTH = 2;

export interface InstanceSearch extends Omit<Found, "docs"> {
  /** Whether the results are those of the text. */
  isCurrent: boolean;
}

export function useInstanceSearch(text: string): InstanceSearch {
  const query = text.trim();
  const [asked] = useDebouncedValue(query, DELAY_MS);
  const enabled = asked.length >= MIN_LENGTH;
  const connectors = useConnectors();
  // A failure is not shown: the pages of accounts and actions show it, and can retry.
  const accounts = useQuery({
    queryKey: ["accounts", "found", asked],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const params = { query: { search: asked, page_size: 5 } };
      return (await dataOf(api.GET("/v2/accounts", { params }))).data;
    },
  });
  const actions = useQuery({
    queryKey: ["actions", "found", asked],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const body = { query: asked, top_k: 20 };
      return (await dataOf(api.POST("/actions/search", { body }))).results;
    },
  });
  const isShort = query.length < MIN_LENGTH;
  return {
    accounts: isShort ? [] : (accounts.data ?? []),
    connectors: connectors.data ?? [],
    actions: isShort ? [] : (actions.data ?? []),
    isCurrent: asked === query && !accounts.isPlaceholderData && !actions.isPlaceholderData,
  };
}
