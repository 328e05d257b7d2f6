/** Makes an API key; its text is shown this once. */

import { Alert, Button, Checkbox, Code, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { DEFAULT_SCOPES, SCOPES, useCreateKey } from "../../api/keys.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DialogActions } from "../../ui/DialogActions.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";

export function CreateKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [isMade, setMade] = useState(false);
  const close = () => {
    setMade(false);
    onClose();
  };
  // A key that is shown once must not go with a stray Esc: only "Done" ends the dialog then.
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Create an API key"
      closeOnClickOutside={false}
      closeOnEscape={!isMade}
      withCloseButton={!isMade}
    >
      {opened && <Editor onMade={() => setMade(true)} onClose={close} />}
    </Modal>
  );
}

function Editor({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(DEFAULT_SCOPES);
  const create = useCreateKey();
  if (create.data?.key) {
    return (
      <Stack>
        <Alert color="yellow" title="Copy it now">
          <Text size="sm" c="var(--mantine-color-text)">
            The key is shown this once: only its hash is kept. Put it where your other secrets are.
          </Text>
        </Alert>
        <Code block aria-label="API key" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
          {create.data.key}
        </Code>
        <Group justify="space-between">
          <CopyButton value={create.data.key} what="the key" label="Copy the key" />
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name, scopes }, { onSuccess: onMade });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          description="What it is for, such as “backend” or “nightly export”"
          withAsterisk
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Checkbox.Group label="What it may do" value={scopes} onChange={setScopes}>
          <Stack gap="xs" mt={6}>
            {SCOPES.map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} description={value} />
            ))}
          </Stack>
        </Checkbox.Group>
        {create.isError && <ErrorState title="The key was not made" error={create.error} />}
        <DialogActions onCancel={onClose}>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={name.trim() === "" || scopes.length === 0}
          >
            Create
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}
