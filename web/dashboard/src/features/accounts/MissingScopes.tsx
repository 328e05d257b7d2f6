/** What the provider did not grant, which actions cannot run for it, and the way to grant it. */

import { Alert, Button, List, Stack, Text } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import type { Account } from "../../api/client.ts";
import { useActions } from "../../api/connectors.ts";

interface Props {
  account: Account;
  onReconnect: () => void;
}

export function MissingScopes({ account, onReconnect }: Props) {
  const actions = useActions({ account: account.id });
  const refused = (actions.data ?? []).filter((action) => action.authorized === false);
  return (
    <Alert color="yellow" mb="md" title="The provider granted less than some actions need">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" c="var(--mantine-color-text)">
          Missing: {account.missing_scopes.join(", ")}. Reconnect the account and allow them, or disable the
          actions in its profile.
        </Text>
        {refused.length > 0 && (
          <>
            <Text size="sm" c="var(--mantine-color-text)" id="refused-actions">
              {refused.length === 1
                ? "This action cannot run:"
                : `These ${refused.length} actions cannot run:`}
            </Text>
            <List size="sm" c="var(--mantine-color-text)" aria-labelledby="refused-actions">
              {refused.map((action) => (
                <List.Item key={action.id}>
                  {action.label} ({(action.missing_scopes ?? []).join(", ")})
                </List.Item>
              ))}
            </List>
          </>
        )}
        <Button size="xs" leftSection={<IconPlugConnected size={16} aria-hidden />} onClick={onReconnect}>
          Reconnect to grant them
        </Button>
      </Stack>
    </Alert>
  );
}
