/** Shows the result of a query, a loader while it is pending, or its error. */

import { Loader } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorState } from "./ErrorState.tsx";

interface Props<Data> {
  query: UseQueryResult<Data>;
  /** The name of the data, for example "API keys". */
  what: string;
  children: (data: Data) => ReactNode;
}

export function QueryBoundary<Data>({ query, what, children }: Props<Data>) {
  if (query.isPending) return <Loader aria-label={`Loading ${what}`} />;
  if (query.isError) {
    return (
      <ErrorState title={`Could not load ${what}`} error={query.error} onRetry={() => void query.refetch()} />
    );
  }
  return children(query.data);
}
