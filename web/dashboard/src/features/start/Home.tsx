/** Where the dashboard opens: the first steps while no account is linked, the accounts from then on. */

import { Loader } from "@mantine/core";
import { Navigate } from "@tanstack/react-router";
import { useAccounts } from "../../api/accounts.ts";
import { isStartDone } from "./progress.ts";

export function Home() {
  const accounts = useAccounts({});
  if (accounts.isPending) return <Loader aria-label="Loading the accounts" />;
  // What cannot be loaded is told, and tried again, on the page of the accounts.
  const isNew = accounts.data?.total === 0 && !isStartDone();
  return <Navigate to={isNew ? "/start" : "/accounts"} replace />;
}
