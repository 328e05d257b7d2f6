/** The dialog that deletes an account after its name is typed. */

import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { accountName, useDeleteAccount } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { notifySuccess } from "../../ui/notify.ts";

interface Props {
  account: Account;
  opened: boolean;
  onClose: () => void;
  onDeleted?: () => void;
}

export function DeleteAccount({ account, opened, onClose, onDeleted }: Props) {
  const remove = useDeleteAccount();
  const name = accountName(account);
  return (
    <ConfirmDialog
      opened={opened}
      title={`Delete ${name}?`}
      action="Delete account"
      confirmText={name}
      busy={remove.isPending}
      error={remove.error}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      onConfirm={() =>
        remove.mutate(account.id, {
          onSuccess: ({ revocation }) => {
            const isIncomplete = revocation?.status === "failed" || revocation?.status === "unsupported";
            notifySuccess(
              isIncomplete ? `${name} was deleted. ${toSentence(revocation.message)}` : `${name} was deleted`,
            );
            onClose();
            onDeleted?.();
          },
        })
      }
    >
      This revokes the account's credentials at the provider, if the provider supports it, and permanently
      deletes them here. Calls with this account's ID will fail. To connect again, {account.owner_name} must
      link a new account.
    </ConfirmDialog>
  );
}
