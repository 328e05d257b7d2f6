/** Queries and changes of linked accounts. */

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type AccountFilters, RECONNECT_DUE } from "../features/accounts/filters.ts";
import { type Account, api, dataOf, type Schemas } from "./client.ts";

export const PAGE_SIZE = 25;

export const useAccounts = (filters: AccountFilters) =>
  useQuery({
    queryKey: ["accounts", "list", filters],
    placeholderData: keepPreviousData,
    queryFn: () => {
      const { search, connector, status, type, profile, page = 1 } = filters;
      const query = {
        page,
        page_size: PAGE_SIZE,
        ...(search === undefined ? {} : { search }),
        ...(connector === undefined ? {} : { connector: [connector] }),
        ...(status === undefined
          ? {}
          : status === RECONNECT_DUE
            ? { relink_due: true }
            : { status: [status] }),
        ...(type === undefined ? {} : { type }),
        ...(profile === undefined ? {} : { connector_profile_id: [profile] }),
      };
      return dataOf(api.GET("/v2/accounts", { params: { query } }));
    },
  });

export const useAccount = (id: string) =>
  useQuery({
    queryKey: ["accounts", "one", id],
    // Without a chosen account, there is nothing to load.
    enabled: id !== "",
    queryFn: () => dataOf(api.GET("/v2/accounts/{id}", { params: { path: { id } } })),
  });

export type AccountChange = Pick<Schemas["PatchAccount"], "status" | "type" | "label">;

export function usePatchAccount() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: AccountChange }) =>
      api.PATCH("/accounts/{id}", { params: { path: { id } }, body: change }),
    onSettled: () => client.invalidateQueries({ queryKey: ["accounts"] }),
  });
}

export function useDeleteAccount() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => dataOf(api.DELETE("/accounts/{id}", { params: { path: { id } } })),
    // The page of the deleted account is still open; loading it again would fail with 404.
    onSuccess: () => client.invalidateQueries({ queryKey: ["accounts", "list"] }),
  });
}

/** Returns the display name of an account: its label, otherwise its owner. */
export const accountName = (account: Pick<Account, "label" | "owner_name">): string =>
  account.label || account.owner_name;

/** Returns the reasons for an account's status. */
export function reasonsOf(account: Account): string[] {
  return (account.status_reasons ?? [])
    .map(({ code, description }) => description || code || "")
    .filter((text) => text !== "");
}
