/** The control of a field, by its type. What is typed here stays in this page until it is sent. */

import { useState } from "react";
import type { Field } from "../api/types.ts";
import { Icon } from "../ui/Icon.tsx";
import { isSecret } from "./secrets.ts";

export interface ControlProps {
  id: string;
  field: Field;
  value: string;
  invalid: boolean;
  describedBy: string | undefined;
  onChange: (value: string) => void;
  onBlur: () => void;
  autoFocus?: boolean;
}

export function Control(props: ControlProps) {
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
    // Asked for only after the reader pressed "Edit" on this very field.
    autoFocus,
  };
  // Credentials are nothing that a browser or a password manager should fill in or keep by itself.
  const quiet = {
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
      return <textarea {...shared} {...quiet} rows={4} />;
    case "number":
      return <input {...shared} {...quiet} type="text" inputMode="numeric" />;
    case "password":
      return <Password shared={{ ...shared, ...quiet }} label={field.label} />;
    default:
      return isSecret(field) && field.type === undefined ? (
        <Password shared={{ ...shared, ...quiet }} label={field.label} />
      ) : (
        <input {...shared} {...quiet} type="text" />
      );
  }
}

type InputProps = React.ComponentProps<"input">;

function Password({ shared, label }: { shared: InputProps; label: string }) {
  const [shown, setShown] = useState(false);
  return (
    <div className="control-group">
      <input {...shared} type={shown ? "text" : "password"} autoComplete={shown ? "off" : "new-password"} />
      <button
        type="button"
        className="control-button"
        aria-label={`${shown ? "Hide" : "Show"} ${label}`}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
      >
        <Icon name={shown ? "eyeOff" : "eye"} />
      </button>
    </div>
  );
}
