/** The Hub, opened on an account: its owner's values, secrets as placeholders. */

import { accountName } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { HubDialog } from "../link/HubDialog.tsx";

interface Props {
  account: Account;
  opened: boolean;
  onClose: () => void;
}

export function EditAccount({ account, opened, onClose }: Props) {
  const { id, owner_id, owner_name } = account;
  const request = { account_id: id, origin_owner_id: owner_id, origin_owner_name: owner_name };
  return (
    <HubDialog title={`Edit ${accountName(account)}`} request={opened ? request : null} onClose={onClose} />
  );
}
