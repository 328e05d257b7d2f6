/** The dialog that replaces the secret of a webhook, and shows the new one once. */

import { Button, Modal, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useRotateSecret, type Webhook } from "../../api/webhooks.ts";
import { DialogActions } from "../../ui/DialogActions.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { SecretOnce } from "./SecretOnce.tsx";

const OVERLAPS = [
  { value: "0", label: "Not at all" },
  { value: "3600", label: "An hour" },
  { value: "86400", label: "A day" },
  { value: "604800", label: "Seven days" },
];

interface Props {
  webhook: Webhook;
  opened: boolean;
  onClose: () => void;
}

export function RotateSecret({ webhook, opened, onClose }: Props) {
  const [overlap, setOverlap] = useState("86400");
  const rotate = useRotateSecret();
  const secret = rotate.data?.secret ?? null;
  const close = () => {
    rotate.reset();
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Replace the secret"
      closeOnClickOutside={false}
      closeOnEscape={secret === null}
      withCloseButton={secret === null}
    >
      {secret !== null ? (
        <SecretOnce secret={secret} onDone={close} />
      ) : (
        <Stack>
          <Text>
            Deliveries are signed with a new secret. For a while the present one signs too, so that your
            receiver can change.
          </Text>
          <Select
            label="The present secret signs for"
            data={OVERLAPS}
            value={overlap}
            allowDeselect={false}
            onChange={(value) => setOverlap(value ?? "86400")}
          />
          {rotate.isError && <ErrorState title="Could not replace the secret" error={rotate.error} />}
          <DialogActions onCancel={close}>
            <Button
              loading={rotate.isPending}
              onClick={() => rotate.mutate({ id: webhook.id, overlapSeconds: Number(overlap) })}
            >
              Replace secret
            </Button>
          </DialogActions>
        </Stack>
      )}
    </Modal>
  );
}
