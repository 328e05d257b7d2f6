/** Suspends, resumes and converts an account; each change shows a notification with an Undo button. */

import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type AccountChange, accountName, usePatchAccount } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { notifyError } from "../../ui/notify.ts";

const UNDO_NOTICE_MS = 8_000;

export function useAccountChanges(account: Account) {
  const patch = usePatchAccount();
  const apply = (change: AccountChange, message: string, undo: AccountChange) =>
    patch.mutate(
      { id: account.id, change },
      {
        onError: notifyError,
        onSuccess: () => {
          const id = notifications.show({
            color: "teal",
            autoClose: UNDO_NOTICE_MS,
            message: (
              <Group justify="space-between" wrap="nowrap">
                <Text size="sm">{message}</Text>
                <Button
                  size="compact-sm"
                  variant="light"
                  flex="none"
                  onClick={() => {
                    notifications.hide(id);
                    patch.mutate({ id: account.id, change: undo }, { onError: notifyError });
                  }}
                >
                  Undo
                </Button>
              </Group>
            ),
          });
        },
      },
    );
  const name = accountName(account);
  return {
    isChanging: patch.isPending,
    setStatus: (status: "active" | "suspended") =>
      status === "suspended"
        ? apply({ status }, `${name} is suspended. Calls are rejected.`, { status: "active" })
        : apply({ status }, `${name} is active again.`, { status: "suspended" }),
    setType: (type: "production" | "test") =>
      apply({ type }, `${name} is now a ${type} account.`, { type: type === "test" ? "production" : "test" }),
  };
}
