/** The Hub in the browser's native modal dialog: the focus stays inside, and Escape closes it. */

import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { Icon } from "./Icon.tsx";

export function DemoDialog({ children, onClose }: { children: ReactNode; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const latestOnClose = useRef(onClose);

  useEffect(() => {
    latestOnClose.current = onClose;
  });

  // A layout effect, because the dialog restores the focus only if it is closed while still in the page.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    // The Hub's own `close` event bubbles through the dialog and must be ignored.
    const onDialogClose = (event: Event): void => {
      if (event.target === element && !element.open) latestOnClose.current();
    };
    element.addEventListener("close", onDialogClose);
    element.showModal();
    return () => {
      element.removeEventListener("close", onDialogClose);
      element.close();
    };
  }, []);

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="dialog-title">
      <div className="dialog-head">
        <h2 id="dialog-title">Connect a tool</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
}
