/** The number of accounts in each status. */

import { useQuery } from "@tanstack/react-query";
import { type AccountStatus, STATUS_NAMES } from "../features/accounts/status.ts";
import { api, dataOf } from "./client.ts";

export interface AccountCount {
  status: AccountStatus;
  count: number;
}

const countOf = async (status: AccountStatus): Promise<AccountCount> => {
  const query = { status: [status], page_size: 1 };
  return { status, count: (await dataOf(api.GET("/v2/accounts", { params: { query } }))).total };
};

export const useAccountCounts = () =>
  useQuery({
    // Changes of accounts load it again.
    queryKey: ["accounts", "counts"],
    queryFn: () => Promise.all(STATUS_NAMES.map(countOf)),
  });
