/** The project's API keys. */

import { ActionIcon, Badge, Button, Group, Stack, Switch, Table, Text, Tooltip } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useApiKeys, useDeleteApiKey, usePatchApiKey } from "../../api/apiKeys.ts";
import type { ApiKey } from "../../api/client.ts";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { notifyError, notifySuccess } from "../../ui/notify.ts";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { useIsPhone } from "../../ui/useIsPhone.ts";
import { CreateApiKey } from "./CreateApiKey.tsx";

export function ApiKeysPage() {
  const keys = useApiKeys();
  const isPhone = useIsPhone();
  const [creating, setCreating] = useState(false);
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create API key
    </Button>
  );
  return (
    <>
      <PageHeader
        title="API keys"
        description="Your backend and agents use these keys to call the API."
        docs={DOCS.apiKeys}
        actions={create}
      />
      <QueryBoundary query={keys} what="API keys">
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="No API keys yet" action={create}>
              Your backend needs an API key to create connect sessions and run actions.
            </EmptyState>
          ) : (
            <ListTable
              headings={isPhone ? ["API key", "Enabled"] : ["Name", "API scopes", "Created", "Enabled"]}
              menu="Delete"
            >
              {all.map((key) => (
                <ApiKeyRow key={key.id} apiKey={key} isPhone={isPhone} />
              ))}
            </ListTable>
          )
        }
      </QueryBoundary>
      <CreateApiKey opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}

/** On a phone, the API scopes and the creation time are below the name. */
function ApiKeyRow({ apiKey, isPhone }: { apiKey: ApiKey; isPhone: boolean }) {
  const patch = usePatchApiKey();
  const remove = useDeleteApiKey();
  const [deleting, setDeleting] = useState(false);
  const { id, name, scopes, enabled, created_at: createdAt } = apiKey;
  const scopeBadges = (
    <Group gap={4}>
      {scopes.map((scope) => (
        <Badge key={scope} variant="default" fw={500} size="sm" miw="max-content">
          {scope}
        </Badge>
      ))}
    </Group>
  );
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        {isPhone && (
          <Stack gap={4} mt={4}>
            {scopeBadges}
            <Text size="xs" c="dimmed">
              Created <Timestamp at={createdAt} inherit />
            </Text>
          </Stack>
        )}
      </Table.Td>
      {!isPhone && (
        <>
          <Table.Td>{scopeBadges}</Table.Td>
          <Table.Td>
            <Timestamp at={createdAt} />
          </Table.Td>
        </>
      )}
      <Table.Td>
        <Switch
          aria-label={`Enable ${name}`}
          checked={enabled}
          disabled={patch.isPending}
          onChange={(event) =>
            patch.mutate({ id, enabled: event.currentTarget.checked }, { onError: notifyError })
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
          title={`Delete API key ${name}?`}
          action="Delete key"
          busy={remove.isPending}
          error={remove.error}
          onClose={() => {
            remove.reset();
            setDeleting(false);
          }}
          onConfirm={() =>
            remove.mutate(id, { onSuccess: () => notifySuccess(`API key ${name} was deleted`) })
          }
        >
          Calls with this key will fail. If you are not sure who uses it, disable it first.
        </ConfirmDialog>
      </Table.Td>
    </Table.Tr>
  );
}
