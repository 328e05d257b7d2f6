/** The Hub in a dialog, to edit or reconnect an account. Secrets are shown as placeholders. */

import { accountName } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { HubDialog } from "../linking/HubDialog.tsx";

interface Props {
  account: Account;
  /** Whether the account needs new credentials or a new authorization. */
  isReconnect?: boolean;
  opened: boolean;
  onClose: () => void;
}

export function EditAccount({ account, isReconnect = false, opened, onClose }: Props) {
  const { id, owner_id, owner_name } = account;
  const request = { account_id: id, origin_owner_id: owner_id, origin_owner_name: owner_name };
  const title = `${isReconnect ? "Reconnect" : "Edit"} ${accountName(account)}`;
  return <HubDialog title={title} request={opened ? request : null} onClose={onClose} />;
}
