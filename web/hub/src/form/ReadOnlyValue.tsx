/** A read-only value with a copy button. */

import { CopyButton } from "../ui/CopyButton.tsx";
import type { FieldControlProps } from "./FieldControl.tsx";
import { isPlaceholder, isSecret, placeholderText } from "./secrets.ts";

export function ReadOnlyValue({ id, field, value, describedBy }: FieldControlProps) {
  const hidden = isPlaceholder(value);
  return (
    <div className="control-group">
      <input
        id={id}
        className="control control-read-only"
        type={isSecret(field) && !hidden ? "password" : "text"}
        readOnly
        value={placeholderText(value) ?? value}
        aria-describedby={describedBy}
      />
      {!isSecret(field) && value !== "" && <CopyButton value={value} label={field.label} />}
    </div>
  );
}
