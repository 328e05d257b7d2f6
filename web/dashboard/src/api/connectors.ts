/** Queries and changes of connectors, their profiles and actions. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Profile, type Schemas } from "./client.ts";

export type ConnectorField = Schemas["Field"];
export type AuthMethod = Schemas["AuthMethodDetail"];
export type Connector = Schemas["ConnectorMeta"];
export type ConnectorDetail = Schemas["ConnectorDetail"];
export type ProfileChange = Schemas["PatchProfile"];
export type NewProfile = Schemas["CreateProfile"];

/** An action with its details, which the dashboard always requests. */
export type Action = Schemas["Action"] & { action_details: Schemas["ActionDetails"] };

const hasDetails = (action: Schemas["Action"]): action is Action => action.action_details !== undefined;

export const useConnectors = () =>
  useQuery({
    queryKey: ["connectors", "list"],
    queryFn: () => dataOf(api.GET("/connectors/meta")),
  });

/** Loads a connector with the scopes that the given actions need; null means all actions. */
export const useConnector = (key: string, actions: string[] | null = null) =>
  useQuery({
    queryKey: ["connectors", "one", key, actions],
    // Without a chosen connector, there is nothing to load.
    enabled: key !== "",
    // The form keeps the previous data while a changed selection of actions loads.
    placeholderData: (before, query) => (query?.queryKey[2] === key ? before : undefined),
    queryFn: () => {
      // One empty value means no actions.
      const query = actions === null ? {} : { enabled_actions: actions.length === 0 ? [""] : actions };
      return dataOf(api.GET("/connectors/meta/{provider}", { params: { path: { provider: key }, query } }));
    },
  });

/** Loads a connector's versions: the project's own, newest first, then the built-in one. */
export const useConnectorVersions = (key: string) =>
  useQuery({
    queryKey: ["connectors", "versions", key],
    enabled: key !== "",
    queryFn: async () => (await dataOf(api.GET("/connectors/{key}", { params: { path: { key } } }))).versions,
  });

/** Loads the actions of a connector, or those that an account may run. */
export const useActions = (source: { connector?: string; account?: string }) =>
  useQuery({
    queryKey: ["actions", source],
    enabled: source.connector !== undefined || source.account !== undefined,
    staleTime: 300_000,
    queryFn: async () => {
      const query = {
        include: ["action_details" as const],
        page_size: 100,
        ...(source.connector === undefined ? {} : { "filter[connectors]": [source.connector] }),
        ...(source.account === undefined ? {} : { "filter[account_ids]": [source.account] }),
      };
      const page = await dataOf(api.GET("/actions", { params: { query } }));
      return page.data.flatMap((entry) => entry.actions ?? []).filter(hasDetails);
    },
  });

/** The least score of an action that probably does what a text says. */
const GOOD_SIMILARITY = 0.4;

/** Finds the IDs of a connector's actions that do what a text says, the best first. */
export const useActionSearch = (connector: string, text: string) =>
  useQuery({
    queryKey: ["actions", "search", connector, text],
    enabled: text !== "",
    staleTime: 300_000,
    queryFn: async () => {
      const body = { query: text, connector, top_k: 20, min_similarity: GOOD_SIMILARITY };
      const found = await dataOf(api.POST("/actions/search", { body }));
      return found.results.map(({ id }) => id);
    },
  });

export const useProfiles = (connector?: string) =>
  useQuery({
    queryKey: ["profiles", connector ?? null],
    queryFn: async () => {
      const all: Profile[] = [];
      // Selects need all profiles, but a page contains at most 100.
      for (let page = 1; ; page += 1) {
        const query = {
          page,
          page_size: 100,
          ...(connector === undefined ? {} : { connector_key: connector }),
        };
        const found = await dataOf(api.GET("/auth_configs", { params: { query } }));
        all.push(...found.data);
        if (found.data.length === 0 || all.length >= found.total) return all;
      }
    },
  });

/** A changed profile also affects accounts (their status), connectors (whether one is active) and actions. */
function useProfileMutation<Variables>(change: (variables: Variables) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all(
        ["profiles", "accounts", "connectors", "actions"].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  });
}

export const useCreateProfile = () =>
  useProfileMutation((body: NewProfile) => api.POST("/auth_configs", { body }));

export const usePatchProfile = () =>
  useProfileMutation(({ id, change }: { id: string; change: ProfileChange }) =>
    api.PATCH("/auth_configs/{id}", { params: { path: { id } }, body: change }),
  );

export const useDeleteProfile = () =>
  useProfileMutation((id: string) => api.DELETE("/auth_configs/{id}", { params: { path: { id } } }));

/** Returns how many actions a profile allows: "All 98", "12 of 98". */
export const enabledActions = (profile: Profile, total: number | undefined): string => {
  const chosen = profile.enabled_actions;
  if (chosen === null || chosen === undefined) return total === undefined ? "All" : `All ${total}`;
  return total === undefined ? String(chosen.length) : `${chosen.length} of ${total}`;
};
