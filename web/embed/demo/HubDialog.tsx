/** The Hub in the browser's own modal dialog: focus stays inside, Escape leaves. */

import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { Icon } from "./Icon.tsx";

export function HubDialog({ children, onClose }: { children: ReactNode; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const leave = useRef(onClose);

  useEffect(() => {
    leave.current = onClose;
  });

  // A layout effect: closed while it is still in the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    // The Hub's own `close` bubbles through here; only the dialog's counts.
    const closed = (event: Event): void => {
      if (event.target === element && !element.open) leave.current();
    };
    element.addEventListener("close", closed);
    element.showModal();
    return () => {
      element.removeEventListener("close", closed);
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
