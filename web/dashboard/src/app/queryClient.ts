/** How data is fetched and kept: once more when the network failed, never again when the server said no. */

import { asFailure } from "@patchbay/web-shared/client.ts";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

export const sessionKey = ["session"] as const;

export function createQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    // Signed out elsewhere, or the week is over: the gate asks again and shows the sign-in.
    if (asFailure(error).status === 401) void client.invalidateQueries({ queryKey: sessionKey });
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
