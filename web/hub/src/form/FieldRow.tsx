/** One field: label, tooltip, description, control, problem, and a link to its guide step. */

import { useId } from "react";
import type { Field } from "../api/types.ts";
import { Icon } from "../ui/Icon.tsx";
import { Markdown } from "../ui/Markdown.tsx";
import { Tooltip } from "../ui/Tooltip.tsx";
import { FieldControl, type FieldControlProps } from "./FieldControl.tsx";
import { ReadOnlyValue } from "./ReadOnlyValue.tsx";
import { StoredSecret } from "./StoredSecret.tsx";

/** Returns the element id of a field's control, used to focus it. */
export const controlId = (key: string): string => `field-${key}`;

interface Props {
  field: Field;
  value: string;
  /** The placeholder of the stored secret; null if there is none. */
  stored: string | null;
  problem: string | null;
  onChange: (value: string) => void;
  onBlur: () => void;
  /** Shows the guide step that provides the value; null if there is none. */
  onShowGuide: (() => void) | null;
}

export function FieldRow({ field, value, stored, problem, onChange, onBlur, onShowGuide }: Props) {
  const base = useId();
  const id = controlId(field.key);
  const describedBy = [field.description && `${base}-about`, problem && `${base}-problem`].filter(Boolean);
  const control: FieldControlProps = {
    id,
    field,
    value,
    onChange,
    onBlur,
    invalid: problem !== null,
    describedBy: describedBy.join(" ") || undefined,
  };
  return (
    <div className={problem === null ? "field" : "field field-invalid"}>
      <div className="field-head">
        <label htmlFor={id} className="field-label">
          {field.label}
          {!field.required && !field.readOnly && <span className="field-optional"> (optional)</span>}
        </label>
        {field.tooltip && <Tooltip label={field.label} text={field.tooltip} />}
        {onShowGuide && (
          <button type="button" className="link-button field-where" onClick={onShowGuide}>
            Where do I find this?
            <span className="visually-hidden"> ({field.label})</span>
          </button>
        )}
      </div>
      {field.readOnly ? (
        <ReadOnlyValue {...control} />
      ) : stored !== null ? (
        <StoredSecret control={control} stored={stored} />
      ) : (
        <FieldControl {...control} />
      )}
      {field.description && (
        <p id={`${base}-about`} className="field-description">
          <Markdown text={field.description} />
        </p>
      )}
      <p id={`${base}-problem`} className="field-problem" aria-live="polite">
        {problem !== null && (
          <>
            <Icon name="warning" size={15} /> {problem}
          </>
        )}
      </p>
    </div>
  );
}
