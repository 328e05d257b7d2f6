/** The form control for one input of an action. */

import { MultiSelect, Select, Switch, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { InlineCodeText } from "../../ui/InlineCodeText.tsx";
import { type FormField, hintOf } from "./fields.ts";
import type { FieldValue } from "./formModel.ts";

interface Props {
  field: FormField;
  value: FieldValue | undefined;
  problem: string | undefined;
  onChange: (value: FieldValue) => void;
}

const single = (value: FieldValue | undefined): string => (typeof value === "string" ? value : "");
const multiple = (value: FieldValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];

/** Returns the label of a field without its group, which is shown as a heading. */
export const labelOf = (field: FormField): string => field.path.slice(1).join(".") || field.path.join(".");

export function FieldControl({ field, value, problem, onChange }: Props) {
  const hint = hintOf(field);
  const common = {
    label: labelOf(field),
    description:
      field.description === "" && hint === "" ? undefined : (
        <>
          <InlineCodeText text={field.description} />
          {hint !== "" && <span className="pb-hint"> {hint}</span>}
        </>
      ),
    error: problem,
    withAsterisk: field.required,
  };
  switch (field.kind) {
    case "boolean":
      return field.required ? (
        <Switch
          {...common}
          checked={value === "true"}
          onChange={(event) => onChange(String(event.currentTarget.checked))}
        />
      ) : (
        <Select
          {...common}
          clearable
          placeholder="Not sent"
          data={["true", "false"]}
          value={single(value) || null}
          onChange={(chosen) => onChange(chosen ?? "")}
        />
      );
    case "enum":
      return (
        <Select
          {...common}
          searchable={field.options.length > 8}
          clearable={!field.required}
          placeholder={field.required ? "Choose" : "Not sent"}
          data={field.options}
          value={single(value) || null}
          onChange={(chosen) => onChange(chosen ?? "")}
        />
      );
    case "choices":
      return <MultiSelect {...common} data={field.options} value={multiple(value)} onChange={onChange} />;
    case "strings":
    case "numbers":
      return (
        <TagsInput
          {...common}
          placeholder={
            field.kind === "numbers" ? "Type a number and press Enter" : "Type a value and press Enter"
          }
          value={multiple(value)}
          onChange={onChange}
        />
      );
    case "json":
    case "multiline":
      return (
        <Textarea
          {...common}
          autosize
          minRows={field.kind === "json" ? 3 : 2}
          maxRows={14}
          placeholder={field.kind === "json" ? "JSON" : undefined}
          styles={
            field.kind === "json" ? { input: { fontFamily: "var(--mantine-font-family-monospace)" } } : {}
          }
          value={single(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          {...common}
          type={field.kind === "date" ? "date" : field.kind === "date-time" ? "datetime-local" : "text"}
          inputMode={field.kind === "number" ? "decimal" : undefined}
          rightSection={
            field.kind === "number" ? (
              <Text size="xs" c="dimmed">
                123
              </Text>
            ) : undefined
          }
          value={single(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
