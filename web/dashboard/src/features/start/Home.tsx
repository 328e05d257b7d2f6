/** The dashboard's home: "Get started" while no account is linked, the accounts afterwards. */

import { Loader } from "@mantine/core";
import { Navigate } from "@tanstack/react-router";
import { useAccounts } from "../../api/accounts.ts";
import { isStartDone } from "./progress.ts";

export function Home() {
  const accounts = useAccounts({});
  if (accounts.isPending) return <Loader aria-label="Loading accounts" />;
  // A failure is shown on the accounts page, where it can be retried.
  const isNew = accounts.data?.total === 0 && !isStartDone();
  return <Navigate to={isNew ? "/start" : "/accounts"} replace />;
}
