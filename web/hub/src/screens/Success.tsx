/** The account is linked: says so, and how to leave. */

import { useHub } from "../hub.ts";
import { Icon } from "../ui/Icon.tsx";
import { Message } from "./messages.tsx";

export function Success({ name, edited }: { name: string; edited: boolean }) {
  const { host, opened, window, closeLabel } = useHub();
  const close = (): void => {
    if (host.present) host.close();
    else window.close();
  };
  return (
    <Message
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
        {edited ? `The account at ${name} works with the new values.` : `The account at ${name} was linked.`}
      </p>
      {!host.present && (
        <p className="hint">
          <Icon name="window" size={16} /> You can close this tab.
        </p>
      )}
    </Message>
  );
}
