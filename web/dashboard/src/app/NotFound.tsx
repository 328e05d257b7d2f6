/** The page for a dashboard address that does not exist. */

import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { PageHeader } from "../ui/PageHeader.tsx";

export const NotFound = () => (
  <PageHeader
    title="Page not found"
    description={
      <>
        The address may be mistyped, or the item it points to was deleted.{" "}
        <Anchor component={Link} to="/accounts">
          Go to accounts
        </Anchor>
      </>
    }
  />
);
