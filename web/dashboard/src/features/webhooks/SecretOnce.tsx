/** A secret of a webhook, which is shown once. */

import { Alert, Button, Code, Group, Stack, Text } from "@mantine/core";
import { CopyButton } from "../../ui/CopyButton.tsx";

export const SecretOnce = ({ secret, onDone }: { secret: string; onDone: () => void }) => (
  <Stack>
    <Alert color="yellow" title="Copy the secret now">
      <Text size="sm" c="var(--mantine-color-text)">
        The secret is shown only once. Your receiver needs it to check the signature of each delivery.
      </Text>
    </Alert>
    <Code block aria-label="Secret" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
      {secret}
    </Code>
    <Group justify="space-between">
      <CopyButton value={secret} what="secret" label="Copy secret" />
      <Button onClick={onDone}>Done</Button>
    </Group>
  </Stack>
);
