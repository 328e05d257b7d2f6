/** The form control for a list of objects: one small form per item. */

import { Button, Card, Group, Input, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useId, useRef } from "react";
import { InlineCodeText } from "../../ui/InlineCodeText.tsx";
import { FieldControl, labelOf } from "./FieldControl.tsx";
import { columnsOf, type FormField, isFilterList, keyOf } from "./fields.ts";
import type { FieldValue, FieldValues } from "./formModel.ts";

interface Props {
  field: FormField;
  rows: FieldValues[];
  problems: Record<string, string>;
  onChange: (rows: FieldValues[]) => void;
}

/** Sets a value of a row, then empties each column with a value that its options no longer contain. */
function withValue(field: FormField, row: FieldValues, column: FormField, value: FieldValue): FieldValues {
  const next = { ...row, [keyOf(column.path)]: value };
  for (const { kind, options, path } of columnsOf(field, (other) => next[keyOf(other.path)])) {
    const given = next[keyOf(path)];
    if (kind === "enum" && typeof given === "string" && !options.includes(given)) next[keyOf(path)] = "";
  }
  return next;
}

export function RowsControl({ field, rows, problems, onChange }: Props) {
  const labelId = useId();
  const add = useRef<HTMLButtonElement>(null);
  const problem = problems[keyOf(field.path)];
  const addLabel = isFilterList(field) ? "Add filter" : "Add item";
  return (
    <Stack gap="xs" role="group" aria-labelledby={labelId} className="pb-span">
      <div>
        <Input.Label component="div" id={labelId} required={field.required}>
          {labelOf(field)}
        </Input.Label>
        {field.description !== "" && (
          <Input.Description>
            <InlineCodeText text={field.description} />
          </Input.Description>
        )}
      </div>
      {rows.map((row, index) => (
        <Card
          // biome-ignore lint/suspicious/noArrayIndexKey: an item has no key except its index
          key={index}
          withBorder
          padding="sm"
          role="group"
          aria-label={`${labelOf(field)} ${index + 1}`}
        >
          <Group justify="space-between" mb="xs">
            <Text size="sm" fw={600} c="dimmed">
              {index + 1}
            </Text>
            <Button
              variant="subtle"
              color="gray"
              size="compact-sm"
              leftSection={<IconTrash size={14} aria-hidden />}
              aria-label={`Remove ${labelOf(field)} ${index + 1}`}
              onClick={() => {
                onChange(rows.filter((_, other) => other !== index));
                // The focused button no longer exists.
                add.current?.focus();
              }}
            >
              Remove
            </Button>
          </Group>
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            {columnsOf(field, (column) => row[keyOf(column.path)]).map((column) => (
              <FieldControl
                key={keyOf(column.path)}
                // Paths in a row have no group, which `labelOf` would remove.
                field={{ ...column, path: ["", ...column.path] }}
                value={row[keyOf(column.path)]}
                problem={problems[keyOf([...field.path, String(index), ...column.path])]}
                onChange={(value) =>
                  onChange(
                    rows.map((item, other) =>
                      other === index ? withValue(field, item, column, value) : item,
                    ),
                  )
                }
              />
            ))}
          </SimpleGrid>
        </Card>
      ))}
      {problem && <Input.Error>{problem}</Input.Error>}
      <div>
        <Button
          ref={add}
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          aria-label={`${addLabel} to ${labelOf(field)}`}
          onClick={() => onChange([...rows, {}])}
        >
          {addLabel}
        </Button>
      </div>
    </Stack>
  );
}
