/** The page for a dashboard address that does not exist. */

import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { EmptyState } from "../ui/EmptyState.tsx";

export const NotFound = () => (
  <EmptyState title="Page not found">
    The address may be mistyped, or the item it points to was deleted.{" "}
    <Anchor component={Link} to="/accounts">
      Go to accounts
    </Anchor>
  </EmptyState>
);
