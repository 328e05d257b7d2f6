/** One input of an action. */

import { MultiSelect, Select, Switch, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import type { FormField } from "./formModel.ts";

interface Props {
  field: FormField;
  value: string | string[] | undefined;
  problem: string | undefined;
  onChange: (value: string | string[]) => void;
}

const one = (value: string | string[] | undefined): string => (typeof value === "string" ? value : "");
const many = (value: string | string[] | undefined): string[] => (Array.isArray(value) ? value : []);

export function FieldControl({ field, value, problem, onChange }: Props) {
  const name = field.path.slice(1).join(".") || field.path.join(".");
  const common = {
    label: name,
    description: field.description || undefined,
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
          value={one(value) || null}
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
          value={one(value) || null}
          onChange={(chosen) => onChange(chosen ?? "")}
        />
      );
    case "choices":
      return <MultiSelect {...common} data={field.options} value={many(value)} onChange={onChange} />;
    case "texts":
      return (
        <TagsInput
          {...common}
          placeholder="Type a value, then Enter"
          value={many(value)}
          onChange={onChange}
        />
      );
    case "json":
    case "long":
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
          value={one(value)}
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
          value={one(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
