/** The form control of a field, by type. Its value stays in this page until the form is sent. */

import { useState } from "react";
import type { Field } from "../api/types.ts";
import { Icon } from "../ui/Icon.tsx";
import { isSecret } from "./secrets.ts";

export interface FieldControlProps {
  id: string;
  field: Field;
  value: string;
  invalid: boolean;
  describedBy: string | undefined;
  onChange: (value: string) => void;
  onBlur: () => void;
  autoFocus?: boolean;
}

export function FieldControl(props: FieldControlProps) {
  const { id, field, value, invalid, describedBy, onChange, onBlur, autoFocus } = props;
  const shared = {
    id,
    name: field.key,
    value,
    className: "control",
    "aria-invalid": invalid || undefined,
    "aria-describedby": describedBy,
    "aria-required": field.required || undefined,
    onBlur,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
    // Only set after the user pressed "Edit" on this field.
    autoFocus,
  };
  // Browsers and password managers must not fill in or store credentials.
  const noAutofill = {
    autoComplete: "off",
    autoCapitalize: "none",
    autoCorrect: "off",
    spellCheck: false,
    placeholder: field.placeholder || undefined,
    "data-1p-ignore": true,
    "data-lpignore": "true",
  };

  switch (field.type) {
    case "select":
      return (
        <select {...shared}>
          {!(field.options ?? []).some((option) => option.value === value) && (
            <option value="" disabled={field.required}>
              {field.placeholder || "Choose…"}
            </option>
          )}
          {(field.options ?? []).map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      );
    case "text_area":
      return <textarea {...shared} {...noAutofill} rows={4} />;
    case "number":
      return <input {...shared} {...noAutofill} type="text" inputMode="numeric" />;
    case "password":
      return <PasswordInput shared={{ ...shared, ...noAutofill }} label={field.label} />;
    default:
      return isSecret(field) && field.type === undefined ? (
        <PasswordInput shared={{ ...shared, ...noAutofill }} label={field.label} />
      ) : (
        <input {...shared} {...noAutofill} type="text" />
      );
  }
}

type InputProps = React.ComponentProps<"input">;

function PasswordInput({ shared, label }: { shared: InputProps; label: string }) {
  const [visible, setVisible] = useState(false);
  return (
    <div className="control-group">
      <input
        {...shared}
        type={visible ? "text" : "password"}
        autoComplete={visible ? "off" : "new-password"}
      />
      <button
        type="button"
        className="control-button"
        aria-label={`${visible ? "Hide" : "Show"} ${label}`}
        aria-pressed={visible}
        onClick={() => setVisible(!visible)}
      >
        <Icon name={visible ? "eyeOff" : "eye"} />
      </button>
    </div>
  );
}
