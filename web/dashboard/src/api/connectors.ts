/** Connectors, their profiles and actions. The catalog's answers have shapes of their own, told here. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Profile } from "./client.ts";

export interface ConnectorField {
  key: string;
  label: string;
  type: "text" | "password" | "number" | "select" | "text_area";
  required: boolean;
  secret: boolean;
  placeholder: string;
  description?: string;
  value?: unknown;
  options?: { label: string; value: string }[];
}

export interface AuthMethod {
  key: string;
  label: string;
  type: string;
  environments: { key: string; name: string }[];
  setup_fields: ConnectorField[];
  config_fields: ConnectorField[];
  guide_url: string;
  /** What the enabled actions need: set up in the app at the provider, or allowed to the key. */
  scopes: { name: string; description: string | null }[];
  /** What stands between scopes in the provider's lists. */
  scope_delimiter: string;
  /** Where the provider sends browsers back to; for methods by sign-in. */
  redirect_uri: string | null;
}

export interface Connector {
  active: boolean;
  provider: string;
  provider_name: string;
  description: string;
  version: string;
  release_stage: string;
  categories: string[];
  actions: number;
  resources: { images: { logo_url: string | null } };
}

export type ConnectorDetail = Connector & { authentication: AuthMethod[] };

export interface Action {
  id: string;
  label: string;
  description: string;
  tags: string[];
  required_scopes: string[];
  /** With an account: whether the provider granted what the action needs, and what it did not. */
  authorized?: boolean;
  missing_scopes?: string[];
  action_details: {
    action_type: string;
    details: string | null;
    categories: string[];
    resources: string[];
    annotations: { readOnlyHint?: boolean; destructiveHint?: boolean; idempotentHint?: boolean };
    input_schema: Record<string, unknown>;
  };
}

export const useConnectors = () =>
  useQuery({
    queryKey: ["connectors", "list"],
    queryFn: async () => (await dataOf(api.GET("/connectors/meta"))) as unknown as Connector[],
  });

/** A connector, with the scopes for these actions; for all when none are named. */
export const useConnector = (key: string, actions: string[] | null = null) =>
  useQuery({
    queryKey: ["connectors", "one", key, actions],
    // A form that has no connector yet has nothing to ask for.
    enabled: key !== "",
    // While other actions are ticked, the form stays as it is.
    placeholderData: (before, query) => (query?.queryKey[2] === key ? before : undefined),
    queryFn: async () => {
      const query = actions === null ? {} : { enabled_actions: actions.join(",") };
      return (await dataOf(
        api.GET("/connectors/meta/{provider}", { params: { path: { provider: key }, query } }),
      )) as unknown as ConnectorDetail;
    },
  });

/** A connector's versions: the project's own, newest first, then the built-in one. */
export const useConnectorVersions = (key: string) =>
  useQuery({
    queryKey: ["connectors", "versions", key],
    enabled: key !== "",
    queryFn: async () => (await dataOf(api.GET("/connectors/{key}", { params: { path: { key } } }))).versions,
  });

/** The actions of a connector, or those that an account may run. */
export const useActions = (of: { connector?: string; account?: string }) =>
  useQuery({
    queryKey: ["actions", of],
    enabled: of.connector !== undefined || of.account !== undefined,
    staleTime: 300_000,
    queryFn: async () => {
      const query = {
        include: "action_details",
        page_size: 100,
        ...(of.connector === undefined ? {} : { "filter[connectors]": of.connector }),
        ...(of.account === undefined ? {} : { "filter[account_ids]": of.account }),
      };
      const page = (await dataOf(api.GET("/actions", { params: { query } }))) as unknown as {
        data: { actions?: Action[] }[];
      };
      return page.data.flatMap((entry) => entry.actions ?? []);
    },
  });

export const useProfiles = (connector?: string) =>
  useQuery({
    queryKey: ["profiles", connector ?? null],
    queryFn: async () => {
      const all: Profile[] = [];
      // Pickers want all of them, and a page ends at 100.
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

export interface ProfileChange {
  name?: string;
  active?: boolean;
  default?: boolean;
  environment?: string;
  /** `latest`, `1.x.x`, `1.2.x` or one version; null follows the latest. */
  connector_pinned_version?: string | null;
  enabled_actions?: string[] | null;
  setup_information?: Record<string, string>;
}

export interface NewProfile extends ProfileChange {
  connector_key: string;
  authentication_config_key?: string;
}

/** A profile's change shows in accounts (their state), connectors (whether one is active) and actions. */
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

// The document calls free-form objects empty ones; these are the values that they hold.
type Body<Value> = Value & { setup_information?: Record<string, never> };

export const useCreateProfile = () =>
  useProfileMutation((body: NewProfile) => api.POST("/auth_configs", { body: body as Body<NewProfile> }));

export const usePatchProfile = () =>
  useProfileMutation(({ id, change }: { id: string; change: ProfileChange }) =>
    api.PATCH("/auth_configs/{id}", { params: { path: { id } }, body: change as Body<ProfileChange> }),
  );

export const useDeleteProfile = () =>
  useProfileMutation((id: string) => api.DELETE("/auth_configs/{id}", { params: { path: { id } } }));

/** "All 98", "12 of 98". */
export const enabledActions = (profile: Profile, total: number | undefined): string => {
  const chosen = profile.enabled_actions;
  if (chosen === null || chosen === undefined) return total === undefined ? "All" : `All ${total}`;
  return total === undefined ? String(chosen.length) : `${chosen.length} of ${total}`;
};
