/** Shown while a request to the provider is running; says after a while that it is slow, and can be canceled. */

import { type ReactNode, useEffect, useState } from "react";
import { useAnnounce, useAnnouncement } from "../ui/Announcer.tsx";
import { Screen } from "../ui/Screen.tsx";

export const SLOW_AFTER_MS = 5_000;

interface Props {
  title: string;
  /** What the user should do in the meantime. */
  children?: ReactNode;
  /** The message shown if it takes long. */
  slow: string;
  onCancel: () => void;
}

export function WaitingScreen({ title, children, slow, onCancel }: Props) {
  const [isSlow, setSlow] = useState(false);
  const announce = useAnnounce();
  useAnnouncement(title);

  useEffect(() => {
    const timer = setTimeout(() => {
      setSlow(true);
      announce(slow);
    }, SLOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, [announce, slow]);

  return (
    <Screen title={title} icon={<span className="spinner" aria-hidden="true" />}>
      <div className="message-text">
        {children}
        <p className={isSlow ? "slow slow-shown" : "slow"} aria-hidden={!isSlow}>
          {slow}
        </p>
      </div>
      <div className="message-actions">
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </Screen>
  );
}
