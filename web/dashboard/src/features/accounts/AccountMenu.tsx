/** The menu of an account's row. */

import { ActionIcon, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import {
  IconArrowsExchange,
  IconCopy,
  IconDots,
  IconEdit,
  IconPlayerPause,
  IconPlayerPlay,
  IconTerminal2,
  IconTrash,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { accountName } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { notifySuccess } from "../../ui/notify.ts";
import { DeleteAccount } from "./DeleteAccount.tsx";
import { EditAccount } from "./EditAccount.tsx";
import { useAccountChanges } from "./useAccountChanges.tsx";

export function AccountMenu({ account }: { account: Account }) {
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const { setStatus, setType } = useAccountChanges(account);
  const clipboard = useClipboard();
  const name = accountName(account);
  const isSuspended = account.status === "suspended";
  const isTest = account.type === "test";
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon size="lg" aria-label={`Actions for ${name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to="/run"
            search={{ account: account.id } as never}
            leftSection={<IconTerminal2 size={16} aria-hidden />}
          >
            Run an action
          </Menu.Item>
          <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={() => setEditing(true)}>
            Edit
          </Menu.Item>
          <Menu.Item
            leftSection={<IconCopy size={16} aria-hidden />}
            onClick={() => {
              clipboard.copy(account.id);
              notifySuccess("Account ID copied");
            }}
          >
            Copy account ID
          </Menu.Item>
          <Menu.Divider />
          {isSuspended ? (
            <Menu.Item
              leftSection={<IconPlayerPlay size={16} aria-hidden />}
              onClick={() => setStatus("active")}
            >
              Resume
            </Menu.Item>
          ) : (
            <Menu.Item
              leftSection={<IconPlayerPause size={16} aria-hidden />}
              disabled={account.status !== "active" && account.status !== "inactive"}
              onClick={() => setStatus("suspended")}
            >
              Suspend
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconArrowsExchange size={16} aria-hidden />}
            onClick={() => setType(isTest ? "production" : "test")}
          >
            {isTest ? "Convert to production" : "Convert to test"}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => setDeleting(true)}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <EditAccount account={account} opened={editing} onClose={() => setEditing(false)} />
      <DeleteAccount account={account} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}
