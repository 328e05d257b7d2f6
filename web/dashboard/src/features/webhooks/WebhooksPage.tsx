/** The project's webhooks with their health. */

import { Anchor, Button, Stack, Switch, Table, Text } from "@mantine/core";
import { IconPlus, IconSignature } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePatchWebhook, useWebhooks, type Webhook, webhookName } from "../../api/webhooks.ts";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { notifyError } from "../../ui/notify.ts";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { useIsPhone } from "../../ui/useIsPhone.ts";
import { SignatureChecker } from "./SignatureChecker.tsx";
import { HealthPill } from "./StatePill.tsx";
import { WebhookDialog } from "./WebhookDialog.tsx";

export function WebhooksPage() {
  const webhooks = useWebhooks();
  const isPhone = useIsPhone();
  const [creating, setCreating] = useState(false);
  const [checking, setChecking] = useState(false);
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create webhook
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Webhooks"
        description="Addresses of your software that receive what happens to accounts."
        docs={DOCS.webhooks}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconSignature size={16} aria-hidden />}
              onClick={() => setChecking(true)}
            >
              Check a signature
            </Button>
            {create}
          </>
        }
      />
      <QueryBoundary query={webhooks} what="webhooks">
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="No webhooks yet" action={create}>
              Without a webhook, your software must ask whether an account was linked or must be reconnected.
            </EmptyState>
          ) : (
            <ListTable
              headings={
                isPhone
                  ? ["Webhook", "Enabled"]
                  : ["Webhook", "Events", "Health", "Last delivered", "Enabled"]
              }
            >
              {all.map((webhook) => (
                <WebhookRow key={webhook.id} webhook={webhook} isPhone={isPhone} />
              ))}
            </ListTable>
          )
        }
      </QueryBoundary>
      <WebhookDialog webhook={null} opened={creating} onClose={() => setCreating(false)} />
      <SignatureChecker opened={checking} onClose={() => setChecking(false)} />
    </>
  );
}

/** On a phone, the health is below the name. */
function WebhookRow({ webhook, isPhone }: { webhook: Webhook; isPhone: boolean }) {
  const patch = usePatchWebhook();
  const { id, name, url, events, connector_events: connectorEvents, enabled, health } = webhook;
  const shownName = webhookName(webhook);
  const count = events.length + connectorEvents.length;
  const pill = <HealthPill state={health.state} detail={health.last_error} />;
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor
          component={Link}
          to="/webhooks/$webhookId"
          params={{ webhookId: String(id) } as never}
          size="sm"
          fw={600}
          style={{ overflowWrap: "anywhere" }}
        >
          {shownName}
        </Anchor>
        {name !== null && (
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {url}
          </Text>
        )}
        {isPhone && <Stack mt={4}>{pill}</Stack>}
      </Table.Td>
      {!isPhone && (
        <>
          <Table.Td>{count === 1 ? "1 event" : `${count} events`}</Table.Td>
          <Table.Td>{pill}</Table.Td>
          <Table.Td>
            {health.last_success_at === null ? "—" : <Timestamp at={health.last_success_at} />}
          </Table.Td>
        </>
      )}
      <Table.Td>
        <Switch
          aria-label={`Enable ${shownName}`}
          checked={enabled}
          disabled={patch.isPending}
          onChange={(event) =>
            patch.mutate({ id, change: { enabled: event.currentTarget.checked } }, { onError: notifyError })
          }
        />
      </Table.Td>
    </Table.Tr>
  );
}
