/** Shown after the account is linked or saved. */

import { useHub } from "../hub.ts";
import { Icon } from "../ui/Icon.tsx";
import { MessageScreen } from "./messageScreens.tsx";

export function SuccessScreen({ name, edited }: { name: string; edited: boolean }) {
  const { host, opened, window, closeLabel } = useHub();
  const close = (): void => {
    if (host.present) host.close();
    else window.close();
  };
  return (
    <MessageScreen
      icon="check"
      tone="success"
      title={edited ? "Changes saved" : `${name} is connected`}
      actions={
        (host.present || opened) && (
          <button type="button" className="button button-primary" onClick={close}>
            {closeLabel}
          </button>
        )
      }
    >
      <p>
        {edited ? `Your ${name} account now uses the new values.` : `Your ${name} account is ready to use.`}
      </p>
      {!host.present && (
        <p className="hint">
          <Icon name="window" size={16} /> You can close this tab.
        </p>
      )}
    </MessageScreen>
  );
}
