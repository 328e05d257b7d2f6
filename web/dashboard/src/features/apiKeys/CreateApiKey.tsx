/** The dialog that creates an API key and shows it once. */

import { Alert, Button, Checkbox, Code, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { API_SCOPES, DEFAULT_API_SCOPES, useCreateApiKey } from "../../api/apiKeys.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DialogActions } from "../../ui/DialogActions.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";

export function CreateApiKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [isCreated, setCreated] = useState(false);
  const close = () => {
    setCreated(false);
    onClose();
  };
  // A key that is shown only once must not disappear by accident: then only "Done" closes the dialog.
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Create an API key"
      closeOnClickOutside={false}
      closeOnEscape={!isCreated}
      withCloseButton={!isCreated}
    >
      {opened && <CreateApiKeyForm onCreated={() => setCreated(true)} onClose={close} />}
    </Modal>
  );
}

function CreateApiKeyForm({ onCreated, onClose }: { onCreated: () => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(DEFAULT_API_SCOPES);
  const create = useCreateApiKey();
  if (create.data?.key) {
    return (
      <Stack>
        <Alert color="yellow" title="Copy the key now">
          <Text size="sm" c="var(--mantine-color-text)">
            The key is shown only once, because only its hash is stored. Store it with your other secrets.
          </Text>
        </Alert>
        <Code block aria-label="API key" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
          {create.data.key}
        </Code>
        <Group justify="space-between">
          <CopyButton value={create.data.key} what="key" label="Copy key" />
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  }
  const choose = (chosen: string[]) =>
    setScopes(API_SCOPES.map(({ value }) => value).filter((value) => chosen.includes(value)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name, scopes }, { onSuccess: onCreated });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          description="What the key is for, for example “backend” or “nightly export”"
          withAsterisk
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Checkbox.Group label="API scopes" value={scopes} onChange={choose}>
          <Stack gap="xs" mt={6}>
            {API_SCOPES.map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} description={value} />
            ))}
          </Stack>
        </Checkbox.Group>
        {create.isError && <ErrorState title="Could not create the key" error={create.error} />}
        <DialogActions onCancel={onClose}>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={name.trim() === "" || scopes.length === 0}
          >
            Create key
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}
