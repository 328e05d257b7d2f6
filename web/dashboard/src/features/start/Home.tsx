/** The dashboard's home: "Get started" while there are neither accounts nor calls, the overview afterwards. */

import { Loader } from "@mantine/core";
import { Navigate } from "@tanstack/react-router";
import { useAccounts } from "../../api/accounts.ts";
import { useCallStats } from "../../api/callStats.ts";
import { isStartDone } from "./progress.ts";

export function Home() {
  const accounts = useAccounts({});
  const calls = useCallStats("30d", "all");
  // Calls without accounts are those of deleted accounts.
  if (accounts.isPending || (accounts.data?.total === 0 && calls.isPending)) {
    return <Loader aria-label="Loading accounts" />;
  }
  // A failure is shown on the overview, where it can be retried.
  const isEmpty = accounts.data?.total === 0 && (calls.data?.data ?? []).length === 0;
  return <Navigate to={isEmpty && !isStartDone() ? "/start" : "/overview"} replace />;
}
