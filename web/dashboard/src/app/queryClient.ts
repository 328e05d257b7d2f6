/** The query client: retries once after a network failure, never after an error response. */

import { asFailure } from "@patchbay/web-shared/client.ts";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

export const loginSessionKey = ["session"] as const;

export function createQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    // The session expired or was ended elsewhere: refetching it makes the gate show the login page.
    if (asFailure(error).status === 401) void client.invalidateQueries({ queryKey: loginSessionKey });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (count, error) => count < 1 && asFailure(error).unreachable,
      },
    },
  });
  return client;
}
