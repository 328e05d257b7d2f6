/** A delivery with its body and each attempt. */

import { Accordion, Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { IconRepeat } from "@tabler/icons-react";
import { type DeliveryDetails, useDelivery, useReplayDelivery } from "../../api/webhooks.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { KeyValueTable } from "../../ui/KeyValueTable.tsx";
import { notifyError, notifySuccess } from "../../ui/notify.ts";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { DeliveryPill } from "./StatePill.tsx";

export const DeliveryDialog = ({ id, onClose }: { id: number | null; onClose: () => void }) => (
  <Modal opened={id !== null} onClose={onClose} title="Delivery" size="xl">
    {id !== null && <LoadedDelivery id={id} />}
  </Modal>
);

function LoadedDelivery({ id }: { id: number }) {
  const delivery = useDelivery(id);
  const replay = useReplayDelivery();
  return (
    <QueryBoundary query={delivery} what="the delivery">
      {(details) => (
        <Stack>
          <KeyValueTable rows={factsOf(details)} />
          {details.last_error !== null && details.state !== "delivered" && (
            <Alert color="red">{toSentence(details.last_error)}</Alert>
          )}
          <Group>
            <Button
              leftSection={<IconRepeat size={16} aria-hidden />}
              loading={replay.isPending}
              onClick={() =>
                replay.mutate(id, {
                  onSuccess: () => notifySuccess("The delivery is sent again"),
                  onError: notifyError,
                })
              }
            >
              Send again
            </Button>
          </Group>
          <CodeBlock label="Body" code={JSON.stringify(details.body, null, 2)} wrap />
          <Text fw={600} size="sm">
            Attempts ({details.attempt_list.length})
          </Text>
          {details.attempt_list.length === 0 ? (
            <Text size="sm" c="dimmed">
              No attempt was made yet.
            </Text>
          ) : (
            <Attempts details={details} />
          )}
        </Stack>
      )}
    </QueryBoundary>
  );
}

const factsOf = (details: DeliveryDetails): [string, React.ReactNode][] => [
  ["Event", details.event],
  ["State", <DeliveryPill key="state" state={details.state} />],
  ["webhook-id", details.event_id],
  ...(details.account_id === null ? [] : [["Account", details.account_id] as [string, React.ReactNode]]),
  ["Queued", <Timestamp key="queued" at={details.created_at} />],
  ...(details.next_attempt_at === null
    ? []
    : [["Next attempt", <Timestamp key="next" at={details.next_attempt_at} />] as [string, React.ReactNode]]),
];

const Attempts = ({ details }: { details: DeliveryDetails }) => (
  <Accordion variant="contained" multiple defaultValue={[String(details.attempt_list.length)]}>
    {details.attempt_list.map((attempt) => (
      <Accordion.Item key={attempt.number} value={String(attempt.number)}>
        <Accordion.Control>
          <Text size="sm">
            {attempt.number}. <Timestamp at={attempt.started_at} inherit /> ·{" "}
            {attempt.response === null ? "no response" : attempt.response.status} · {attempt.duration_ms} ms
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="xs">
            {attempt.error !== null && <Text size="sm">{toSentence(attempt.error)}</Text>}
            <CodeBlock
              label="Request"
              wrap
              code={[
                `${attempt.request.method} ${attempt.request.url}`,
                ...Object.entries(attempt.request.headers).map(([name, value]) => `${name}: ${value}`),
              ].join("\n")}
            />
            {attempt.response !== null && (
              <CodeBlock label="Response" wrap code={attempt.response.body ?? "(empty)"} />
            )}
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    ))}
  </Accordion>
);
