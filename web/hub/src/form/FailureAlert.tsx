/** Explains a failed attempt: what happened, the server's message, what to do. The provider's response can be expanded. */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
import { wordsFor } from "@patchbay/web-shared/failureReason.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { Alert } from "../ui/Alert.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { formatResponse } from "./formatResponse.ts";

interface Props {
  name: string;
  failure: ApiFailure;
  edited: boolean;
  onRetry: () => void;
}

function titleOf({ name, failure, edited }: Props): string {
  if (failure.unreachable) return "No response from the server";
  // Servers that name no reason.
  if (failure.providerResponse !== null) return `${name} returned an error`;
  return edited ? "Could not save the changes" : "Could not connect the account";
}

export function FailureAlert(props: Props) {
  const { name, failure, onRetry } = props;
  const response = failure.providerResponse === null ? null : formatResponse(failure.providerResponse);
  const words = failure.reason === null ? null : wordsFor(failure.reason, name, "customer");
  // The values may be correct, so the same request can succeed later.
  const canRetry =
    words?.canRetry ?? (failure.unreachable || failure.status >= 500 || failure.status === 429);
  return (
    <Alert
      tone="danger"
      title={words?.title ?? titleOf(props)}
      actions={
        canRetry && (
          <button type="button" className="button button-small" onClick={onRetry}>
            Try again
          </button>
        )
      }
    >
      {words && <p>{words.sentence}</p>}
      <p>{toSentence(failure.message)}</p>
      {words && <p>{words.nextStep}</p>}
      {response !== null && response !== "" && (
        <details className="response">
          <summary>Provider response</summary>
          <pre>{response}</pre>
          <CopyButton value={response} label="provider response" />
        </details>
      )}
    </Alert>
  );
}
