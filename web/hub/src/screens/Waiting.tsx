/** While the provider is asked: what is happening, and after a while that it is slow. Can be given up. */

import { type ReactNode, useEffect, useState } from "react";
import { useAnnounce, useAnnouncement } from "../ui/announcer.tsx";
import { Screen } from "../ui/Screen.tsx";

export const SLOW_AFTER = 5_000;

interface Props {
  title: string;
  /** What the reader is to do meanwhile. */
  children?: ReactNode;
  /** Said once it takes long. */
  slow: string;
  onCancel: () => void;
}

export function Waiting({ title, children, slow, onCancel }: Props) {
  const [isSlow, setSlow] = useState(false);
  const announce = useAnnounce();
  useAnnouncement(title);

  useEffect(() => {
    const timer = setTimeout(() => {
      setSlow(true);
      announce(slow);
    }, SLOW_AFTER);
    return () => clearTimeout(timer);
  }, [announce, slow]);

  return (
    <Screen title={title} sign={<span className="spinner" aria-hidden="true" />}>
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
