/** Queries and changes of API keys. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ApiScope, api, dataOf } from "./client.ts";

export const API_SCOPES = [
  { value: "platform:read", label: "Read accounts, connect sessions and connector profiles" },
  {
    value: "platform:write",
    label: "Create, change and delete accounts, connect sessions, connector profiles and API keys",
  },
  { value: "actions:execute", label: "Run actions and the proxy" },
  { value: "connectors:read", label: "Read connectors and their actions" },
  { value: "connectors:write", label: "Upload and remove connectors" },
  { value: "credentials:read", label: "Export the credentials of accounts (grant this only if required)" },
] as const satisfies { value: ApiScope; label: string }[];

export const DEFAULT_API_SCOPES: ApiScope[] = API_SCOPES.slice(0, 4).map(({ value }) => value);

export const useApiKeys = () =>
  useQuery({ queryKey: ["api-keys"], queryFn: async () => (await dataOf(api.GET("/api_keys"))).data });

function useApiKeyMutation<Variables, Data>(change: (variables: Variables) => Promise<Data>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: ["api-keys"] }),
  });
}

export const useCreateApiKey = () =>
  useApiKeyMutation((body: { name: string; scopes: ApiScope[] }) => dataOf(api.POST("/api_keys", { body })));

export const usePatchApiKey = () =>
  useApiKeyMutation(({ id, enabled }: { id: string; enabled: boolean }) =>
    api.PATCH("/api_keys/{id}", { params: { path: { id } }, body: { enabled } }),
  );

export const useDeleteApiKey = () =>
  useApiKeyMutation((id: string) => api.DELETE("/api_keys/{id}", { params: { path: { id } } }));
