/** The dialog that creates a webhook, or changes one. */

import { Button, Checkbox, Modal, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useCreateWebhook, usePatchWebhook, type Webhook } from "../../api/webhooks.ts";
import { DialogActions } from "../../ui/DialogActions.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { notifySuccess } from "../../ui/notify.ts";
import { PLATFORM_EVENTS, type PlatformEvent, parseConnectorEvents, parseHeaders } from "./events.ts";
import { SecretOnce } from "./SecretOnce.tsx";

interface Props {
  /** The webhook to change; null creates one. */
  webhook: Webhook | null;
  opened: boolean;
  onClose: () => void;
}

export function WebhookDialog({ webhook, opened, onClose }: Props) {
  const [secret, setSecret] = useState<string | null>(null);
  const close = () => {
    setSecret(null);
    onClose();
  };
  // A secret that is shown only once must not disappear by accident: then only "Done" closes the dialog.
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={webhook === null ? "Create a webhook" : "Edit the webhook"}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={secret === null}
      withCloseButton={secret === null}
    >
      {opened &&
        (secret === null ? (
          <WebhookForm webhook={webhook} onCreated={setSecret} onClose={close} />
        ) : (
          <SecretOnce secret={secret} onDone={close} />
        ))}
    </Modal>
  );
}

interface FormProps {
  webhook: Webhook | null;
  onCreated: (secret: string) => void;
  onClose: () => void;
}

function WebhookForm({ webhook, onCreated, onClose }: FormProps) {
  const [name, setName] = useState(webhook?.name ?? "");
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [events, setEvents] = useState<string[]>(webhook?.events ?? ["account.created", "account.deleted"]);
  const [connectorEvents, setConnectorEvents] = useState(webhook?.connector_events.join("\n") ?? "");
  const [ordered, setOrdered] = useState(webhook?.ordered ?? false);
  const [headers, setHeaders] = useState("");
  const [wrongHeader, setWrongHeader] = useState<string | null>(null);
  const create = useCreateWebhook();
  const patch = usePatchWebhook();
  const error = create.error ?? patch.error;
  const choose = (chosen: string[]) =>
    setEvents(PLATFORM_EVENTS.map(({ value }) => value).filter((value) => chosen.includes(value)));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseHeaders(headers);
    if ("wrong" in parsed) {
      setWrongHeader(`“${parsed.wrong}” is not a header: write Name: value`);
      return;
    }
    setWrongHeader(null);
    const values = {
      name: name.trim() === "" ? null : name.trim(),
      url: url.trim(),
      events: events as PlatformEvent[],
      connector_events: parseConnectorEvents(connectorEvents),
      ordered,
    };
    if (webhook === null) {
      create.mutate(
        { ...values, enabled: true, headers: parsed.headers },
        { onSuccess: ({ secret }) => onCreated(secret) },
      );
      return;
    }
    const change = Object.keys(parsed.headers).length === 0 ? values : { ...values, headers: parsed.headers };
    patch.mutate(
      { id: webhook.id, change },
      {
        onSuccess: () => {
          notifySuccess("The webhook was changed");
          onClose();
        },
      },
    );
  };

  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="URL"
          description="Where deliveries are sent. Only https, unless the operator allows the network."
          placeholder="https://app.example.com/patchbay"
          withAsterisk
          type="url"
          maxLength={2000}
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          data-autofocus
        />
        <TextInput
          label="Name"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox.Group label="Events" value={events} onChange={choose}>
          <Stack gap="xs" mt={6}>
            {PLATFORM_EVENTS.map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} description={value} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Textarea
          label="Events of connectors"
          description="One per line: connector:event, connector:* or *:* for all."
          autosize
          minRows={2}
          value={connectorEvents}
          onChange={(event) => setConnectorEvents(event.currentTarget.value)}
        />
        <Textarea
          label="Headers"
          description={
            webhook !== null && webhook.headers.length > 0
              ? `Deliveries have ${webhook.headers.join(", ")}. What you enter replaces all of them; enter them again if the URL gets another host.`
              : "Sent with each delivery, one per line: Name: value. They are sealed."
          }
          autosize
          minRows={2}
          value={headers}
          error={wrongHeader}
          onChange={(event) => setHeaders(event.currentTarget.value)}
        />
        <Switch
          label="Deliver in order"
          description="One delivery at a time. One that fails holds the others back."
          checked={ordered}
          onChange={(event) => setOrdered(event.currentTarget.checked)}
        />
        {error !== null && (
          <ErrorState
            title={webhook === null ? "Could not create the webhook" : "Could not change the webhook"}
            error={error}
          />
        )}
        {webhook === null && (
          <Text size="sm" c="dimmed">
            The secret that signs deliveries is shown once, after the webhook was created.
          </Text>
        )}
        <DialogActions onCancel={onClose}>
          <Button
            type="submit"
            loading={create.isPending || patch.isPending}
            disabled={
              url.trim() === "" || (events.length === 0 && parseConnectorEvents(connectorEvents).length === 0)
            }
          >
            {webhook === null ? "Create webhook" : "Save"}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}
