/**
 * The page that the provider redirects to after the authorization. The Hub gets the result from the server, so this
 * page only closes itself if the Hub opened it, and otherwise says that the user is done.
 */

import { useEffect } from "react";
import { MessageScreen } from "./messageScreens.tsx";

export function CallbackScreen({ window }: { window: Pick<Window, "close"> }) {
  // Browsers ignore this for a tab that the user opened.
  useEffect(() => {
    window.close();
  }, [window]);
  return (
    <MessageScreen icon="check" tone="success" title="Done">
      <p>You can close this window and return to where you started.</p>
    </MessageScreen>
  );
}
