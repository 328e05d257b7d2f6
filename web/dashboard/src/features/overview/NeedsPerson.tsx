/** What does not get better by itself, with the page where a person can do something about it. */

import { Anchor, Group, List, Loader, Stack, Text } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { Link } from "@tanstack/react-router";
import { useAccounts } from "../../api/accounts.ts";
import { useProfiles } from "../../api/connectors.ts";
import { useWebhooks } from "../../api/webhooks.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { RECONNECT_DUE } from "../accounts/filters.ts";
import { attentionOf } from "./attention.ts";
import { Section } from "./Section.tsx";
import { count } from "./series.ts";

const SHOWN = 8;

export function NeedsPerson() {
  const error = useAccounts({ status: "error" });
  const expired = useAccounts({ status: "expired" });
  const due = useAccounts({ status: RECONNECT_DUE });
  const profiles = useProfiles();
  const webhooks = useWebhooks();
  const queries = [error, expired, due, profiles, webhooks];
  const failed = queries.find(({ isError }) => isError);
  const things = attentionOf({
    broken: [...(error.data?.data ?? []), ...(expired.data?.data ?? [])],
    due: due.data?.data ?? [],
    profiles: profiles.data ?? [],
    webhooks: webhooks.data ?? [],
  });
  return (
    <Section title="Needs a person">
      <Stack gap="sm">
        {failed !== undefined && (
          <ErrorState
            title="Could not load all of this"
            error={failed.error}
            onRetry={() => void Promise.all(queries.map((query) => query.isError && query.refetch()))}
          />
        )}
        {queries.some(({ isPending }) => isPending) ? (
          <Loader aria-label="Loading what needs a person" />
        ) : (
          things.length === 0 &&
          failed === undefined && <Text c="dimmed">Nothing. All accounts, profiles and webhooks work.</Text>
        )}
        {things.length > 0 && (
          <List spacing="sm" listStyleType="none" aria-label="Needs a person">
            {things.slice(0, SHOWN).map(({ key, what, why, at, page }) => (
              <List.Item key={key}>
                <Group gap="xs">
                  <Anchor component={Link} {...(page as { to: never })} fw={600}>
                    {what}
                  </Anchor>
                  {at !== null && <Timestamp at={at} />}
                </Group>
                <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                  {toSentence(why)}
                </Text>
              </List.Item>
            ))}
          </List>
        )}
        <More status="error" number={error.data?.total} name="with rejected credentials" />
        <More status="expired" number={expired.data?.total} name="with expired credentials" />
        <More status={RECONNECT_DUE} number={due.data?.total} name="to reconnect soon" />
      </Stack>
    </Section>
  );
}

interface MoreProps {
  status: "error" | "expired" | typeof RECONNECT_DUE;
  number: number | undefined;
  name: string;
}

/** The link to all accounts of a kind. One account is in the list above. */
const More = ({ status, number = 0, name }: MoreProps) =>
  number > 1 ? (
    <Anchor component={Link} to="/accounts" search={{ status } as never} size="sm">
      All {count(number)} accounts {name}
    </Anchor>
  ) : null;
