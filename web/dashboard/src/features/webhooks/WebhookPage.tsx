/** The page of one webhook: its health, its deliveries, and what can be done with it. */

import { Alert, Anchor, Button, Card, Group, Loader, Stack } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { IconEdit, IconRefresh, IconRepeat, IconSend, IconTrash } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  useDeleteWebhook,
  useTestWebhook,
  useWebhook,
  type Webhook,
  webhookName,
} from "../../api/webhooks.ts";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { DOCS } from "../../ui/docs.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { KeyValueTable } from "../../ui/KeyValueTable.tsx";
import { notifyError, notifySuccess } from "../../ui/notify.ts";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { Deliveries } from "./Deliveries.tsx";
import { healthOf } from "./health.ts";
import { ReplayDialog } from "./ReplayDialog.tsx";
import { RotateSecret } from "./RotateSecret.tsx";
import { HealthPill } from "./StatePill.tsx";
import { WebhookDialog } from "./WebhookDialog.tsx";

const route = getRouteApi("/webhooks/$webhookId");

export function WebhookPage() {
  const { webhookId } = route.useParams();
  const webhook = useWebhook(Number(webhookId));
  if (webhook.isPending) return <Loader aria-label="Loading the webhook" />;
  if (webhook.isError) {
    return (
      <Stack>
        <PageHeader title="Webhook" />
        <ErrorState
          title="Could not load the webhook"
          error={webhook.error}
          onRetry={() => void webhook.refetch()}
        />
        <Anchor component={Link} to="/webhooks">
          Back to webhooks
        </Anchor>
      </Stack>
    );
  }
  return <LoadedWebhook webhook={webhook.data} />;
}

type Dialog = "edit" | "rotate" | "replay" | "delete" | null;

function LoadedWebhook({ webhook }: { webhook: Webhook }) {
  const navigate = route.useNavigate();
  const [dialog, setDialog] = useState<Dialog>(null);
  const test = useTestWebhook();
  const remove = useDeleteWebhook();
  const close = () => setDialog(null);
  const { id, health } = webhook;
  const name = webhookName(webhook);
  return (
    <>
      <Anchor component={Link} to="/webhooks" size="sm">
        ← Webhooks
      </Anchor>
      <PageHeader
        title={name}
        heading={
          <Group gap="sm" component="span">
            {name}
            <HealthPill state={health.state} detail={health.last_error} />
          </Group>
        }
        docs={DOCS.webhooks}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconEdit size={16} aria-hidden />}
              onClick={() => setDialog("edit")}
            >
              Edit
            </Button>
            <Button
              leftSection={<IconSend size={16} aria-hidden />}
              loading={test.isPending}
              disabled={!webhook.enabled}
              onClick={() =>
                test.mutate(id, {
                  onSuccess: () => notifySuccess("A test was sent"),
                  onError: notifyError,
                })
              }
            >
              Send test
            </Button>
          </>
        }
      />
      <Stack gap="lg">
        {health.state !== "ok" && (
          <Alert color={healthOf(health.state).color} title={healthOf(health.state).label}>
            {healthOf(health.state).meaning}
            {health.last_error !== null && ` ${toSentence(health.last_error)}`}
          </Alert>
        )}
        <Card withBorder radius="lg">
          <KeyValueTable rows={factsOf(webhook)} />
          <Group mt="md">
            <Button
              variant="default"
              leftSection={<IconRefresh size={16} aria-hidden />}
              onClick={() => setDialog("rotate")}
            >
              Replace secret
            </Button>
            <Button
              variant="default"
              leftSection={<IconRepeat size={16} aria-hidden />}
              disabled={!webhook.enabled}
              onClick={() => setDialog("replay")}
            >
              Send deliveries again
            </Button>
            <Button
              variant="default"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setDialog("delete")}
            >
              Delete
            </Button>
          </Group>
        </Card>
        <Deliveries webhook={id} />
      </Stack>
      <WebhookDialog webhook={webhook} opened={dialog === "edit"} onClose={close} />
      <RotateSecret webhook={webhook} opened={dialog === "rotate"} onClose={close} />
      <ReplayDialog webhook={webhook} opened={dialog === "replay"} onClose={close} />
      <ConfirmDialog
        opened={dialog === "delete"}
        title={`Delete webhook ${name}?`}
        action="Delete webhook"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => {
          remove.reset();
          close();
        }}
        onConfirm={() =>
          remove.mutate(id, {
            onSuccess: () => {
              notifySuccess(`Webhook ${name} was deleted`);
              void navigate({ to: "/webhooks" });
            },
          })
        }
      >
        Its deliveries are deleted too, also those that were not made yet.
      </ConfirmDialog>
    </>
  );
}

const factsOf = (webhook: Webhook): [string, React.ReactNode][] => [
  ["URL", webhook.url],
  ["Events", [...webhook.events, ...webhook.connector_events].join(", ")],
  ["Order", webhook.ordered ? "One delivery at a time, in order" : "Several at the same time"],
  ...(webhook.headers.length === 0
    ? []
    : [["Headers", webhook.headers.join(", ")] as [string, React.ReactNode]]),
  [
    "Last delivered",
    webhook.health.last_success_at === null ? (
      "Never"
    ) : (
      <Timestamp key="last" at={webhook.health.last_success_at} />
    ),
  ],
  ...(webhook.previous_secret_until === null
    ? []
    : [
        ["Previous secret until", <Timestamp key="until" at={webhook.previous_secret_until} />] as [
          string,
          React.ReactNode,
        ],
      ]),
];
