/** Asks for confirmation before an action that cannot be undone; optionally, a text must be typed first. */

import { Alert, Button, Modal, Stack, Text, TextInput } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { type ReactNode, useState } from "react";
import { DialogActions } from "./DialogActions.tsx";

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** The label of the button, for example "Delete account". */
  action: string;
  /** The text that must be typed before the button is enabled. */
  confirmText?: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

export function ConfirmDialog(props: Props) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title}>
      {props.opened && <ConfirmForm {...props} />}
    </Modal>
  );
}

function ConfirmForm({ children, action, confirmText, busy, error, onConfirm, onClose }: Props) {
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (confirmText === undefined || typed === confirmText) onConfirm();
      }}
    >
      <Stack>
        <Text component="div">{children}</Text>
        {confirmText !== undefined && (
          <TextInput
            label={
              <>
                Type <b>{confirmText}</b> to confirm
              </>
            }
            value={typed}
            autoComplete="off"
            onChange={(event) => setTyped(event.currentTarget.value)}
            data-autofocus
          />
        )}
        {error !== null && (
          <Alert color="red" role="alert">
            {toSentence(asFailure(error).message)}
          </Alert>
        )}
        <DialogActions onCancel={onClose}>
          <Button
            type="submit"
            color="red.8"
            loading={busy}
            disabled={confirmText !== undefined && typed !== confirmText}
          >
            {action}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}
