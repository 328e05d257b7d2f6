/** A question mark with a short explanation on hover, focus and touch; Escape closes it. */

import { useId, useState } from "react";
import { Icon } from "./Icon.tsx";

export function Tooltip({ label, text }: { label: string; text: string }) {
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <span className="tooltip" onPointerLeave={() => setOpen(false)}>
      <button
        type="button"
        className="tooltip-button"
        aria-label={`About ${label}`}
        aria-describedby={id}
        onPointerEnter={(event) => event.pointerType === "mouse" && setOpen(true)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={() => setOpen(true)}
        onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
      >
        <Icon name="help" size={16} />
      </button>
      <span id={id} role="tooltip" className={open ? "tooltip-text tooltip-open" : "tooltip-text"}>
        {text}
      </span>
    </span>
  );
}
