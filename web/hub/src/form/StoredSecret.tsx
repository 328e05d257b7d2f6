/**
 * A secret that the server stores. It is shown as dots until the user presses Edit; then a new one can be typed, and
 * Undo keeps the stored one. An unchanged secret is never sent.
 */

import { useEffect, useRef } from "react";
import { FieldControl, type FieldControlProps } from "./FieldControl.tsx";
import { isPlaceholder, placeholderText } from "./secrets.ts";

export function StoredSecret({ control, stored }: { control: FieldControlProps; stored: string }) {
  const { field, value, id, describedBy, onChange } = control;
  const edit = useRef<HTMLButtonElement>(null);
  const undone = useRef(false);
  const isUnchanged = isPlaceholder(value);

  // Pressing Undo removes its button, so the focus moves to the Edit button that replaces it.
  useEffect(() => {
    if (isUnchanged && undone.current) edit.current?.focus();
    undone.current = false;
  }, [isUnchanged]);

  if (isUnchanged) {
    return (
      <div className="control-group">
        <input
          id={id}
          className="control control-stored"
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
      <FieldControl {...control} autoFocus />
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
