/** What was asked for, once it is there; until then that it is loading, or why it cannot be. */

import { Loader } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorState } from "./ErrorState.tsx";

interface Props<Data> {
  query: UseQueryResult<Data>;
  /** What is loaded, such as "the keys". */
  what: string;
  children: (data: Data) => ReactNode;
}

export function Loaded<Data>({ query, what, children }: Props<Data>) {
  if (query.isPending) return <Loader aria-label={`Loading ${what}`} />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  return children(query.data);
}
