/** Fields by where they travel: the same name may stand in the path and in the body. */

import { SimpleGrid, Stack, VisuallyHidden } from "@mantine/core";
import { FieldControl } from "./FieldControl.tsx";
import { type FormField, GROUPS, type Group, keyOf } from "./fields.ts";
import { rowsOf, type Values } from "./formModel.ts";
import { RowsControl } from "./RowsControl.tsx";

const TITLES: Record<Group, string> = {
  path: "In the path",
  query: "In the query",
  headers: "In the headers",
  body: "In the body",
};

interface Props {
  /** What the fields have in common, such as "Required". */
  name: string;
  fields: FormField[];
  /** Whether the places are told; one place needs no telling. */
  isTold: boolean;
  values: Values;
  problems: Record<string, string>;
  onChange: (values: Values) => void;
}

export function FieldGroups({ name, fields, isTold, values, problems, onChange }: Props) {
  const control = (field: FormField) => {
    const key = keyOf(field.path);
    return field.kind === "rows" ? (
      <RowsControl
        key={key}
        field={field}
        rows={rowsOf(values[key])}
        problems={problems}
        onChange={(rows) => onChange({ ...values, [key]: rows })}
      />
    ) : (
      <FieldControl
        key={key}
        field={field}
        value={values[key]}
        problem={problems[key]}
        onChange={(value) => onChange({ ...values, [key]: value })}
      />
    );
  };
  const groups = GROUPS.map((group) => ({ group, own: fields.filter(({ path }) => path[0] === group) }));
  return (
    <Stack gap="md">
      {groups
        .filter(({ own }) => own.length > 0)
        .map(({ group, own }) => (
          <fieldset key={group} className="pb-fieldset">
            <legend>
              <VisuallyHidden>{name}, </VisuallyHidden>
              {isTold ? TITLES[group] : <VisuallyHidden>{TITLES[group]}</VisuallyHidden>}
            </legend>
            <SimpleGrid cols={{ base: 1, lg: 2 }}>{own.map(control)}</SimpleGrid>
          </fieldset>
        ))}
    </Stack>
  );
}
