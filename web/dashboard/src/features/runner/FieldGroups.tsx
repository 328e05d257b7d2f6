/** Fields by location: one name can appear in the path and in the body. */

import { SimpleGrid, Stack, VisuallyHidden } from "@mantine/core";
import { FieldControl } from "./FieldControl.tsx";
import { type FormField, GROUPS, type Group, keyOf } from "./fields.ts";
import { type FieldValues, rowsOf } from "./formModel.ts";
import { RowsControl } from "./RowsControl.tsx";

const GROUP_TITLES: Record<Group, string> = {
  path: "Path parameters",
  query: "Query parameters",
  headers: "Headers",
  body: "Body",
};

interface Props {
  /** The name of these fields, for example "Required". */
  name: string;
  fields: FormField[];
  /** Whether the group titles are visible; not needed if there is only one group. */
  showTitles: boolean;
  values: FieldValues;
  problems: Record<string, string>;
  onChange: (values: FieldValues) => void;
}

export function FieldGroups({ name, fields, showTitles, values, problems, onChange }: Props) {
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
  const groups = GROUPS.map((group) => ({
    group,
    groupFields: fields.filter(({ path }) => path[0] === group),
  }));
  return (
    <Stack gap="md">
      {groups
        .filter(({ groupFields }) => groupFields.length > 0)
        .map(({ group, groupFields }) => (
          <fieldset key={group} className="pb-fieldset">
            <legend>
              <VisuallyHidden>{name}, </VisuallyHidden>
              {showTitles ? GROUP_TITLES[group] : <VisuallyHidden>{GROUP_TITLES[group]}</VisuallyHidden>}
            </legend>
            <SimpleGrid cols={{ base: 1, lg: 2 }}>{groupFields.map(control)}</SimpleGrid>
          </fieldset>
        ))}
    </Stack>
  );
}
