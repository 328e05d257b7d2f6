/** Why it did not work: our sentence first, the provider's own words for those who want them. */

import type { ApiFailure } from "@patchbay/web-shared/failure.ts";
import { Alert } from "../ui/Alert.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { pretty } from "./pretty.ts";

interface Props {
  name: string;
  failure: ApiFailure;
  edited: boolean;
  onRetry: () => void;
}

function titleOf({ name, failure, edited }: Props): string {
  if (failure.unreachable) return "No answer";
  if (failure.providerResponse !== null) return `${name} did not accept this`;
  return edited ? "The changes were not saved" : "The account was not linked";
}

export function FailureAlert(props: Props) {
  const { failure, onRetry } = props;
  const response = failure.providerResponse === null ? null : pretty(failure.providerResponse);
  // Nothing is wrong with what was typed: the same again may work.
  const again = failure.unreachable || failure.status >= 500 || failure.status === 429;
  return (
    <Alert
      tone="danger"
      title={titleOf(props)}
      actions={
        again && (
          <button type="button" className="button button-small" onClick={onRetry}>
            Try again
          </button>
        )
      }
    >
      <p>{failure.message}</p>
      {response !== null && response !== "" && (
        <details className="response">
          <summary>What the provider answered</summary>
          <pre>{response}</pre>
          <CopyButton value={response} label="the provider's answer" />
        </details>
      )}
    </Alert>
  );
}
