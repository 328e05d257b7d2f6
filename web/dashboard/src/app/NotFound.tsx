/** An address of the dashboard that there is not. */

import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { EmptyState } from "../ui/EmptyState.tsx";

export const NotFound = () => (
  <EmptyState title="There is no such page">
    The address may be mistyped, or what it led to was deleted.{" "}
    <Anchor component={Link} to="/accounts">
      Go to the accounts
    </Anchor>
  </EmptyState>
);
