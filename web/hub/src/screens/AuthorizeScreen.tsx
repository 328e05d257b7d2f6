/** Shown while the user authorizes access at the provider, in another window. */

import { useHub } from "../hub.ts";
import { WaitingScreen } from "./WaitingScreen.tsx";

interface Props {
  name: string;
  /** The authorization page, if the browser blocked its window; otherwise null. */
  url: string | null;
  onCancel: () => void;
}

export function AuthorizeScreen({ name, url, onCancel }: Props) {
  const { host, window } = useHub();
  if (url === null) {
    return (
      <WaitingScreen
        title={`Authorize at ${name}`}
        slow="Having trouble? Cancel and try again."
        onCancel={onCancel}
      >
        <p>Continue in the window that opened. This page updates when you are done.</p>
      </WaitingScreen>
    );
  }
  return (
    <WaitingScreen
      title={`Authorize at ${name}`}
      slow="Having trouble? Allow pop-up windows for this page, then cancel and try again."
      onCancel={onCancel}
    >
      <p>
        Your browser blocked the {name} window. Open it with the button below. This page updates when you are
        done.
      </p>
      <p className="message-actions">
        <a className="button button-primary" href={url} target="_blank" rel="noopener noreferrer">
          Open {name}
        </a>
        {/* Most providers cannot be shown inside a frame. */}
        {!host.present && (
          <button type="button" className="button" onClick={() => window.location.assign(url)}>
            Continue in this tab
          </button>
        )}
      </p>
    </WaitingScreen>
  );
}
