/** Explains a failed attempt; the provider's response can be expanded. */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
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
  if (failure.providerResponse !== null) return `${name} returned an error`;
  return edited ? "Could not save the changes" : "Could not connect the account";
}

export function FailureAlert(props: Props) {
  const { failure, onRetry } = props;
  const response = failure.providerResponse === null ? null : formatResponse(failure.providerResponse);
  // The values may be correct, so the same request can succeed later.
  const canRetry = failure.unreachable || failure.status >= 500 || failure.status === 429;
  return (
    <Alert
      tone="danger"
      title={titleOf(props)}
      actions={
        canRetry && (
          <button type="button" className="button button-small" onClick={onRetry}>
            Try again
          </button>
        )
      }
    >
      <p>{toSentence(failure.message)}</p>
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
