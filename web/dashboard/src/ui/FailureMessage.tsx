/** What happened and what to do, for a failed call: the words for its reason around the server's message. */

import { Stack, Text } from "@mantine/core";
import type { ApiFailure } from "@patchbay/web-shared/client.ts";
import { wordsFor } from "@patchbay/web-shared/failureReason.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { DocsLink } from "./DocsLink.tsx";
import { errorDocs } from "./docs.ts";

/** Returns the words for the reason of a failure; null if no provider has a part in it. */
const wordsOf = ({ reason }: ApiFailure) =>
  reason === null ? null : wordsFor(reason, "the provider", "operator");

/** Returns the heading of a failure: that of its reason, otherwise `fallback`. */
export const failureTitle = (failure: ApiFailure, fallback: string): string =>
  wordsOf(failure)?.title ?? fallback;

export function FailureMessage({ failure }: { failure: ApiFailure }) {
  const words = wordsOf(failure);
  const docs = errorDocs(failure.code);
  return (
    <Stack gap={4}>
      {words && <Text size="sm">{words.sentence}</Text>}
      <Text size="sm">{toSentence(failure.message)}</Text>
      {words && <Text size="sm">{words.nextStep}</Text>}
      {docs && (
        <Text size="sm">
          <DocsLink to={docs}>{docs.about} in the documentation</DocsLink>
        </Text>
      )}
    </Stack>
  );
}
