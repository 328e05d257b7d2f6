/** The inputs of an action as a form, required ones first, or as JSON. */

import { Alert, Button, Group, Stack, Tabs, Text, Textarea, Title } from "@mantine/core";
import { useState } from "react";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { FieldGroups } from "./FieldGroups.tsx";
import { type FormProblems, NO_PROBLEMS } from "./fieldProblems.ts";
import { type FormField, keyOf, pathText } from "./fields.ts";
import { draftText, type FieldValues, isEmpty, parseInputs, readInputs } from "./formModel.ts";

/** The unsent inputs: the form's values, and the JSON text while that tab is open. */
export interface Draft {
  values: FieldValues;
  /** The text of the JSON tab; null while the form is open. The open tab is the one that runs. */
  json: string | null;
}

interface Props {
  fields: FormField[];
  draft: Draft;
  problems: FormProblems;
  onChange: (draft: Draft) => void;
  onProblems: (problems: FormProblems) => void;
}

/** The number of optional inputs shown at first; the others are found by search. */
const INITIAL_OPTIONAL_FIELDS = 8;

export function InputForm({ fields, draft, problems, onChange, onProblems }: Props) {
  const [omitted, setOmitted] = useState<string[]>([]);
  if (fields.length === 0) return <Text c="dimmed">This action has no inputs.</Text>;

  const open = (next: string | null) => {
    onProblems(NO_PROBLEMS);
    if (next === "json") {
      onChange({ ...draft, json: draftText(fields, draft.values) });
      return;
    }
    // The JSON was not changed, so the form keeps its values, including incomplete ones.
    if (draft.json === null || draft.json === draftText(fields, draft.values)) {
      onChange({ ...draft, json: null });
      return;
    }
    try {
      const { values, unknown } = readInputs(fields, JSON.parse(draft.json));
      setOmitted(unknown);
      onChange({ values, json: null });
    } catch {
      onProblems({ byField: {}, general: parseInputs(fields, draft.json).problems });
    }
  };
  return (
    <Tabs value={draft.json === null ? "form" : "json"} onChange={open} keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="form">Form</Tabs.Tab>
        <Tabs.Tab value="json">JSON</Tabs.Tab>
      </Tabs.List>
      {problems.general.length > 0 && (
        <Alert color="red" role="alert" mb="md">
          {problems.general.map((problem) => (
            <Text key={problem} size="sm" c="var(--mantine-color-text)">
              {problem}
            </Text>
          ))}
        </Alert>
      )}
      <Tabs.Panel value="form">
        {omitted.length > 0 && (
          <Alert color="yellow" mb="md">
            <Text size="sm" c="var(--mantine-color-text)">
              The form cannot represent {omitted.join(", ")} and does not send it. Use the JSON tab instead.
            </Text>
          </Alert>
        )}
        <Form
          fields={fields}
          values={draft.values}
          problems={problems.byField}
          onChange={(values) => onChange({ ...draft, values })}
        />
      </Tabs.Panel>
      <Tabs.Panel value="json">
        <Textarea
          label="Inputs"
          description="An object with path, query, headers and body, sent exactly as written"
          autosize
          minRows={8}
          maxRows={24}
          error={problems.general.length > 0}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={draft.json ?? ""}
          onChange={(event) => {
            onProblems(NO_PROBLEMS);
            onChange({ ...draft, json: event.currentTarget.value });
          }}
        />
      </Tabs.Panel>
    </Tabs>
  );
}

interface FormProps {
  fields: FormField[];
  values: FieldValues;
  problems: Record<string, string>;
  onChange: (values: FieldValues) => void;
}

function Form({ fields, values, problems, onChange }: FormProps) {
  const [search, setSearch] = useState("");
  const [opened, setOpened] = useState(false);
  const required = fields.filter((field) => field.required);
  const optional = fields.filter((field) => !field.required);
  const showTitles = new Set(fields.map(({ path }) => path[0])).size > 1;
  // A field with a value or a problem is never hidden; a problem in a row belongs to its list.
  const isNeeded = (field: FormField) =>
    !isEmpty(values[keyOf(field.path)]) ||
    Object.keys(problems).some((key) => key === keyOf(field.path) || key.startsWith(rowsKey(field)));
  const terms = search.toLowerCase().split(/\s+/);
  const found = optional.filter((field) => {
    const text = `${pathText(field.path)} ${field.description}`.toLowerCase();
    return isNeeded(field) || terms.every((term) => text.includes(term));
  });
  const visible =
    opened || search !== ""
      ? found
      : found.filter((field, index) => index < INITIAL_OPTIONAL_FIELDS || isNeeded(field));
  const hidden = found.length - visible.length;
  const shared = { showTitles, values, problems, onChange };
  const errors = Object.keys(problems).length;
  return (
    <Stack>
      {errors > 0 && (
        <Alert color="red" role="alert">
          {errors === 1 ? "1 input needs your attention." : `${errors} inputs need your attention.`}
        </Alert>
      )}
      {required.length > 0 && <FieldGroups name="Required" fields={required} {...shared} />}
      {optional.length > 0 && (
        <Stack gap="sm">
          <Group justify="space-between">
            <Title order={3} size="h6">
              Optional inputs ({optional.length})
            </Title>
            {optional.length > INITIAL_OPTIONAL_FIELDS && (
              <SearchInput
                aria-label="Search optional inputs"
                placeholder="Search inputs"
                size="xs"
                value={search}
                onSearch={setSearch}
              />
            )}
          </Group>
          <FieldGroups name="Optional" fields={visible} {...shared} />
          {found.length === 0 && (
            <Text size="sm" c="dimmed">
              No matching inputs.
            </Text>
          )}
          {hidden > 0 && (
            <Button variant="subtle" size="xs" onClick={() => setOpened(true)}>
              Show {hidden} more
            </Button>
          )}
        </Stack>
      )}
    </Stack>
  );
}

/** Returns the prefix of the keys of a field's cells. */
const rowsKey = (field: FormField): string => `${keyOf(field.path).slice(0, -1)},`;
