/**
 * Where the provider's sign-in ends. The Hub learns the result from the server, so this only says that
 * it is over and closes itself when it is a window that the Hub opened.
 */

import { useEffect } from "react";
import { Message } from "./messages.tsx";

export function Callback({ window }: { window: Pick<Window, "close"> }) {
  // A browser ignores this for a tab that the reader opened.
  useEffect(() => {
    window.close();
  }, [window]);
  return (
    <Message icon="check" tone="success" title="Done">
      <p>You can close this window and go back to where you started.</p>
    </Message>
  );
}
