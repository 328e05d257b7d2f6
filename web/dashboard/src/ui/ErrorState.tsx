/** An error with the server's message and an optional retry button. */

import { Alert, Button, Stack } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { FailureMessage, failureTitle } from "./FailureMessage.tsx";

interface Props {
  error: unknown;
  title?: string;
  onRetry?: () => void;
}

export function ErrorState({ error, title = "Could not load this page", onRetry }: Props) {
  const failure = asFailure(error);
  return (
    <Alert color="red" title={failureTitle(failure, title)} role="alert" radius="lg">
      <Stack gap="sm" align="flex-start">
        <div style={{ color: "var(--mantine-color-text)" }}>
          <FailureMessage failure={failure} />
        </div>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
