/** Pausing and converting accounts, each with a way back in the news that tells of it. */

import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type AccountChange, accountName, usePatchAccount } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { notifyFailure } from "../../ui/notify.ts";

export function useAccountChanges(account: Account) {
  const patch = usePatchAccount();
  const apply = (change: AccountChange, told: string, back: AccountChange) =>
    patch.mutate(
      { id: account.id, change },
      {
        onError: notifyFailure,
        onSuccess: () => {
          const id = notifications.show({
            color: "teal",
            autoClose: 8000,
            message: (
              <Group justify="space-between" wrap="nowrap">
                <Text size="sm">{told}</Text>
                <Button
                  size="compact-sm"
                  variant="light"
                  onClick={() => {
                    notifications.hide(id);
                    patch.mutate({ id: account.id, change: back }, { onError: notifyFailure });
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
        ? apply({ status }, `${name} is suspended: calls are refused.`, { status: "active" })
        : apply({ status }, `${name} is active again.`, { status: "suspended" }),
    setKind: (type: "production" | "test") =>
      apply({ type }, `${name} is a ${type} account now.`, { type: type === "test" ? "production" : "test" }),
  };
}
