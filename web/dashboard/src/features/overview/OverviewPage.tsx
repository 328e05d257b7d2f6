/** The first page after logging in: what happens, what fails, and what needs a person. */

import { Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useAccounts } from "../../api/accounts.ts";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { AccountStatuses } from "./AccountStatuses.tsx";
import { Calls } from "./Calls.tsx";
import { CallsByConnector } from "./CallsByConnector.tsx";
import { NeedsPerson } from "./NeedsPerson.tsx";
import { NewestFailures } from "./NewestFailures.tsx";
import { DEFAULT_PERIOD } from "./periods.ts";

const route = getRouteApi("/overview");

export function OverviewPage() {
  const { period = DEFAULT_PERIOD } = route.useSearch();
  const navigate = route.useNavigate();
  const accounts = useAccounts({});
  return (
    <>
      <PageHeader
        title="Overview"
        description="The calls of this project, and what needs a person."
        docs={DOCS.overview}
      />
      <Stack gap="lg">
        {accounts.data?.total === 0 && (
          <EmptyState
            title="No accounts yet"
            action={
              <Group>
                <Button component={Link} to="/start">
                  Show the first steps
                </Button>
              </Group>
            }
          >
            Link an account and run an action. Its calls then appear here.
          </EmptyState>
        )}
        <NeedsPerson />
        <Calls
          period={period}
          onPeriod={(chosen) =>
            void navigate({ search: chosen === DEFAULT_PERIOD ? {} : { period: chosen }, replace: true })
          }
        />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <CallsByConnector period={period} />
          <AccountStatuses />
        </SimpleGrid>
        <NewestFailures />
      </Stack>
    </>
  );
}
