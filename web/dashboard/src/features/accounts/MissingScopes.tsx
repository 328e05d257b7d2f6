/** The scopes that the provider did not grant, the actions that need them, and a button to reconnect. */

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
  const blocked = (actions.data ?? []).filter((action) => action.authorized === false);
  return (
    <Alert color="yellow" mb="md" title="The provider granted fewer scopes than some actions need">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" c="var(--mantine-color-text)">
          Missing: {account.missing_scopes.join(", ")}. Reconnect the account and grant them, or disable these
          actions in its connector profile.
        </Text>
        {blocked.length > 0 && (
          <>
            <Text size="sm" c="var(--mantine-color-text)" id="blocked-actions">
              {blocked.length === 1
                ? "This action cannot run:"
                : `These ${blocked.length} actions cannot run:`}
            </Text>
            <List size="sm" c="var(--mantine-color-text)" aria-labelledby="blocked-actions">
              {blocked.map((action) => (
                <List.Item key={action.id}>
                  {action.label} ({(action.missing_scopes ?? []).join(", ")})
                </List.Item>
              ))}
            </List>
          </>
        )}
        <Button size="xs" leftSection={<IconPlugConnected size={16} aria-hidden />} onClick={onReconnect}>
          Reconnect account
        </Button>
      </Stack>
    </Alert>
  );
}
