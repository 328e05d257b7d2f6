/** The inputs of an action as a table. */

import { Table, Text } from "@mantine/core";
import { InlineCodeText } from "../../ui/InlineCodeText.tsx";
import { type FormField, formFields, hintOf, keyOf, pathText } from "../runner/fields.ts";

const TYPE_NAMES: Record<FormField["kind"], string> = {
  text: "text",
  multiline: "text",
  number: "number",
  boolean: "true or false",
  enum: "one of",
  date: "date",
  "date-time": "date and time",
  strings: "list of text values",
  numbers: "list of numbers",
  choices: "any of",
  rows: "list of objects",
  json: "JSON",
};

const typeOf = (field: FormField): string => {
  const options = field.options.length > 0 ? ` ${field.options.join(", ")}` : "";
  return `${field.integer ? "whole number" : TYPE_NAMES[field.kind]}${options}`;
};

export function InputTable({ schema }: { schema: Record<string, unknown> }) {
  const fields = formFields(schema);
  if (fields.length === 0)
    return (
      <Text c="dimmed" size="sm">
        This action has no inputs.
      </Text>
    );
  return (
    <div className="pb-table-wrap">
      <Table verticalSpacing={6} aria-label="Inputs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Input</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th>Description</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fields.map((field) => (
            <Table.Tr key={keyOf(field.path)}>
              <Table.Td>
                <Text size="sm" ff="monospace">
                  {pathText(field.path)}
                </Text>
                {field.required && (
                  <Text size="xs" c="dimmed">
                    required
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <Text size="sm">{typeOf(field)}</Text>
                <Text size="xs" c="dimmed">
                  {hintOf(field)}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm">
                  <InlineCodeText text={field.description} />
                  {field.columns.length > 0 && (
                    <Text span size="sm" c="dimmed">
                      {" "}
                      Each has {field.columns.map(({ path }) => pathText(path)).join(", ")}.
                    </Text>
                  )}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
