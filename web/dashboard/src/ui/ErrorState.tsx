/** An error with the server's message and an optional retry button. */

import { Alert, Button, Stack, Text } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";

interface Props {
  error: unknown;
  title?: string;
  onRetry?: () => void;
}

export function ErrorState({ error, title = "Could not load this page", onRetry }: Props) {
  const failure = asFailure(error);
  return (
    <Alert color="red" title={title} role="alert" radius="lg">
      <Stack gap="sm" align="flex-start">
        <Text size="sm" c="var(--mantine-color-text)">
          {toSentence(failure.message)}
        </Text>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
