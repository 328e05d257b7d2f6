/** What happened and what to do, for a failed call: the words for its reason around the server's message. */

import { Stack, Text } from "@mantine/core";
import type { ApiFailure } from "@patchbay/web-shared/client.ts";
import { wordsFor } from "@patchbay/web-shared/failureReason.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";

/** Returns the heading of a failure: that of its reason, otherwise `fallback`. */
export const failureTitle = (failure: ApiFailure, fallback: string): string =>
  failure.reason === null ? fallback : wordsFor(failure.reason, "the provider", "operator").title;

export function FailureMessage({ failure }: { failure: ApiFailure }) {
  const words = failure.reason === null ? null : wordsFor(failure.reason, "the provider", "operator");
  return (
    <Stack gap={4}>
      {words && <Text size="sm">{words.sentence}</Text>}
      <Text size="sm">{toSentence(failure.message)}</Text>
      {words && <Text size="sm">{words.nextStep}</Text>}
    </Stack>
  );
}
