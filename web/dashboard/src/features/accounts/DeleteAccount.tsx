/** Deletes an account, after its name was typed. */

import { accountName, useDeleteAccount } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { notifyDone } from "../../ui/notify.ts";

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
      action="Delete the account"
      word={name}
      busy={remove.isPending}
      error={remove.error}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      onConfirm={() =>
        remove.mutate(account.id, {
          onSuccess: ({ revocation }) => {
            const left = revocation?.status === "failed" || revocation?.status === "unsupported";
            notifyDone(left ? `${name} is deleted. Left to do: ${revocation.message}` : `${name} is deleted`);
            onClose();
            onDeleted?.();
          },
        })
      }
    >
      The provider is asked to end its credentials, where it can be; they are removed here for good, and calls
      with its id are refused from then on. To use it again, {account.owner_name} has to link it anew.
    </ConfirmDialog>
  );
}
