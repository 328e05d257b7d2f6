/** The project's API keys. */

import { ActionIcon, Badge, Button, Group, Switch, Table, Text, Tooltip } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { ApiKey } from "../../api/client.ts";
import { useDeleteKey, useKeys, usePatchKey } from "../../api/keys.ts";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { Loaded } from "../../ui/Loaded.tsx";
import { Moment } from "../../ui/Moment.tsx";
import { notifyDone, notifyFailure } from "../../ui/notify.ts";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { CreateKey } from "./CreateKey.tsx";

export function KeysPage() {
  const keys = useKeys();
  const [creating, setCreating] = useState(false);
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create key
    </Button>
  );
  return (
    <>
      <PageHeader
        title="API keys"
        description="What your backend and agents sign their calls with."
        actions={create}
      />
      <Loaded query={keys} what="the keys">
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="There is no key yet" action={create}>
              Your backend needs one to make sessions and run actions.
            </EmptyState>
          ) : (
            <ListTable headings={["Name", "May", "Created", "Enabled"]} menu="Delete">
              {all.map((key) => (
                <KeyRow key={key.id} apiKey={key} />
              ))}
            </ListTable>
          )
        }
      </Loaded>
      <CreateKey opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const patch = usePatchKey();
  const remove = useDeleteKey();
  const [deleting, setDeleting] = useState(false);
  const { id, name, scopes, enabled, created_at: createdAt } = apiKey;
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {name}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {scopes.map((scope) => (
            <Badge key={scope} variant="default" fw={500} size="sm">
              {scope}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>
        <Moment at={createdAt} />
      </Table.Td>
      <Table.Td>
        <Switch
          aria-label={`${name} is enabled`}
          checked={enabled}
          disabled={patch.isPending}
          onChange={(event) =>
            patch.mutate({ id, enabled: event.currentTarget.checked }, { onError: notifyFailure })
          }
        />
      </Table.Td>
      <Table.Td>
        <Tooltip label="Delete">
          <ActionIcon size="lg" aria-label={`Delete ${name}`} onClick={() => setDeleting(true)}>
            <IconTrash size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <ConfirmDialog
          opened={deleting}
          title={`Delete the key ${name}?`}
          action="Delete the key"
          busy={remove.isPending}
          error={remove.error}
          onClose={() => {
            remove.reset();
            setDeleting(false);
          }}
          onConfirm={() => remove.mutate(id, { onSuccess: () => notifyDone(`The key ${name} is deleted`) })}
        >
          Calls with it are refused from then on. Disable it first when you are not sure who uses it.
        </ConfirmDialog>
      </Table.Td>
    </Table.Tr>
  );
}
