/** Queries and changes of webhooks and their deliveries. */

import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";

export type Webhook = Schemas["Webhook"];
export type Delivery = Schemas["WebhookDelivery"];
export type DeliveryDetails = Schemas["WebhookDeliveryDetails"];
export type DeliveryState = Schemas["WebhookDeliveryState"];
export type WebhookInput = Schemas["CreateWebhook"];
export type WebhookChange = Schemas["PatchWebhook"];
export type ReplayState = Schemas["WebhookReplayState"];

/** The number of deliveries that one replay takes at most. */
const MAX_REPLAYED = 10_000;

/** How often what deliveries change is loaded again while a page is open. */
const REFRESH_MS = 5_000;

export const useWebhooks = () =>
  useQuery({
    queryKey: ["webhooks", "list"],
    refetchInterval: REFRESH_MS,
    queryFn: async () => (await dataOf(api.GET("/webhooks"))).data,
  });

export const useWebhook = (id: number) =>
  useQuery({
    queryKey: ["webhooks", "one", id],
    refetchInterval: REFRESH_MS,
    queryFn: () => dataOf(api.GET("/webhooks/{id}", { params: { path: { id } } })),
  });

export const useDeliveries = (id: number, state: DeliveryState | null) =>
  useInfiniteQuery({
    queryKey: ["webhooks", "deliveries", id, state],
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    initialPageParam: null as string | null,
    getNextPageParam: (page: Schemas["WebhookDeliveryList"]) => page.next,
    queryFn: ({ pageParam }) => {
      const query = {
        ...(state === null ? {} : { state: [state] }),
        ...(pageParam === null ? {} : { next: pageParam }),
      };
      return dataOf(api.GET("/webhooks/{id}/deliveries", { params: { path: { id }, query } }));
    },
  });

export const useDelivery = (id: number) =>
  useQuery({
    queryKey: ["webhooks", "delivery", id],
    refetchInterval: REFRESH_MS,
    queryFn: () => dataOf(api.GET("/webhook_deliveries/{id}", { params: { path: { id } } })),
  });

function useWebhookMutation<Variables, Data>(change: (variables: Variables) => Promise<Data>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: ["webhooks"] }),
  });
}

export const useCreateWebhook = () =>
  useWebhookMutation((body: WebhookInput) => dataOf(api.POST("/webhooks", { body })));

export const usePatchWebhook = () =>
  useWebhookMutation(({ id, change }: { id: number; change: WebhookChange }) =>
    dataOf(api.PATCH("/webhooks/{id}", { params: { path: { id } }, body: change })),
  );

export function useDeleteWebhook() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => api.DELETE("/webhooks/{id}", { params: { path: { id } } }),
    // The page of the deleted webhook is still open; loading it again would fail with 404.
    onSuccess: () => client.invalidateQueries({ queryKey: ["webhooks", "list"] }),
  });
}

export const useRotateSecret = () =>
  useWebhookMutation(({ id, overlapSeconds }: { id: number; overlapSeconds: number }) =>
    dataOf(
      api.POST("/webhooks/{id}/rotate_secret", {
        params: { path: { id } },
        body: { overlap_seconds: overlapSeconds },
      }),
    ),
  );

export const useTestWebhook = () =>
  useWebhookMutation((id: number) => dataOf(api.POST("/webhooks/{id}/test", { params: { path: { id } } })));

export const useReplayDelivery = () =>
  useWebhookMutation((id: number) =>
    dataOf(api.POST("/webhook_deliveries/{id}/replay", { params: { path: { id } } })),
  );

export const useReplayDeliveries = () =>
  useWebhookMutation(({ id, since, state }: { id: number; since: string; state: ReplayState }) =>
    dataOf(
      api.POST("/webhooks/{id}/replay", {
        params: { path: { id } },
        body: { since, state, limit: MAX_REPLAYED },
      }),
    ),
  );

export const useReplayProgress = (id: string) =>
  useQuery({
    queryKey: ["webhooks", "replay", id],
    refetchInterval: ({ state }) => (state.data?.state === "done" ? false : 1_000),
    queryFn: () => dataOf(api.GET("/webhook_replays/{id}", { params: { path: { id } } })),
  });

/** Returns the display name of a webhook: its name, otherwise where it sends. */
export const webhookName = ({ name, url }: Pick<Webhook, "name" | "url">): string => name || url;
