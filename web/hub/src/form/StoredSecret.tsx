/**
 * A secret that the server holds. It shows dots until the reader presses Edit; then a new one can be
 * typed, and Undo goes back to keeping the old. An unchanged secret is never sent.
 */

import { useEffect, useRef } from "react";
import { Control, type ControlProps } from "./Control.tsx";
import { isPlaceholder, placeholderText } from "./secrets.ts";

export function StoredSecret({ control, stored }: { control: ControlProps; stored: string }) {
  const { field, value, id, describedBy, onChange } = control;
  const edit = useRef<HTMLButtonElement>(null);
  const undone = useRef(false);
  const kept = isPlaceholder(value);

  // Undo takes its own button away: the focus goes on to the one that takes its place.
  useEffect(() => {
    if (kept && undone.current) edit.current?.focus();
    undone.current = false;
  }, [kept]);

  if (kept) {
    return (
      <div className="control-group">
        <input
          id={id}
          className="control control-kept"
          type="text"
          readOnly
          value={placeholderText(value) ?? ""}
          aria-describedby={describedBy}
        />
        <button
          ref={edit}
          type="button"
          className="chip-button"
          aria-label={`Edit ${field.label}`}
          onClick={() => onChange("")}
        >
          Edit
        </button>
      </div>
    );
  }
  return (
    <div className="control-group">
      <Control {...control} autoFocus />
      <button
        type="button"
        className="chip-button"
        aria-label={`Undo: keep the stored ${field.label}`}
        onClick={() => {
          undone.current = true;
          onChange(stored);
        }}
      >
        Undo
      </button>
    </div>
  );
}
