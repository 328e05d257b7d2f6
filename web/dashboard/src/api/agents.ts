/** What the tools of an account cost. */

import { useQuery } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";

export type ToolCost = Schemas["ToolCost"];

/** Loads the sizes of an account's tools in each mode. */
export const useToolCosts = (account: string | undefined) =>
  useQuery({
    queryKey: ["tool-costs", account],
    enabled: account !== undefined,
    queryFn: async () => {
      const query = account === undefined ? {} : { account_id: [account] };
      return (await dataOf(api.GET("/ai/tool_costs", { params: { query } }))).data;
    },
  });
