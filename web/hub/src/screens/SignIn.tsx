/** While the reader signs in at the provider, in another window. */

import { useHub } from "../hub.ts";
import { Waiting } from "./Waiting.tsx";

interface Props {
  name: string;
  /** Where the sign-in is, when the browser did not let us open it. */
  url: string | null;
  onCancel: () => void;
}

export function SignIn({ name, url, onCancel }: Props) {
  const { host, window } = useHub();
  if (url === null) {
    return (
      <Waiting title={`Sign in at ${name}`} slow="Having trouble? Cancel and start over." onCancel={onCancel}>
        <p>Finish in the window that has opened. This page goes on by itself.</p>
      </Waiting>
    );
  }
  return (
    <Waiting
      title={`Sign in at ${name}`}
      slow="Having trouble? Allow pop-up windows for this page, then cancel and start over."
      onCancel={onCancel}
    >
      <p>Your browser did not let this page open a window. Open it yourself; this page goes on by itself.</p>
      <p className="message-actions">
        <a className="button button-primary" href={url} target="_blank" rel="noopener noreferrer">
          Open {name}
        </a>
        {/* Most providers refuse to be shown inside a frame, so there this would lead nowhere. */}
        {!host.present && (
          <button type="button" className="button" onClick={() => window.location.assign(url)}>
            Go there in this tab
          </button>
        )}
      </p>
    </Waiting>
  );
}
