/** Asks before something that cannot be taken back; where much is lost, a word must be typed. */

import { Alert, Button, Modal, Stack, Text, TextInput } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { type ReactNode, useState } from "react";
import { DialogActions } from "./DialogActions.tsx";

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** What the button does, such as "Delete the account". */
  action: string;
  /** The word to type first. */
  word?: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

export function ConfirmDialog(props: Props) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title}>
      {props.opened && <Question {...props} />}
    </Modal>
  );
}

function Question({ children, action, word, busy, error, onConfirm, onClose }: Props) {
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (word === undefined || typed === word) onConfirm();
      }}
    >
      <Stack>
        <Text component="div">{children}</Text>
        {word !== undefined && (
          <TextInput
            label={
              <>
                Type <b>{word}</b> to confirm
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
            {asFailure(error).message}
          </Alert>
        )}
        <DialogActions onCancel={onClose}>
          <Button type="submit" color="red.8" loading={busy} disabled={word !== undefined && typed !== word}>
            {action}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}
