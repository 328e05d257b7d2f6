/** The running servers of the instance. */

import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client.ts";

/** Reads the servers every ten seconds: a server that was killed is listed for twenty. */
export const useReplicas = () =>
  useQuery({
    queryKey: ["replicas"],
    queryFn: async () => (await dataOf(api.GET("/admin/replicas"))).data,
    refetchInterval: 10_000,
  });
