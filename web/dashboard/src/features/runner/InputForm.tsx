/** All inputs of an action: what is required at once, what is optional when it is wanted, or all of it as JSON. */

import { Alert, Button, Group, Stack, Tabs, Text, Textarea, Title } from "@mantine/core";
import { useState } from "react";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { FieldGroups } from "./FieldGroups.tsx";
import { type FormField, keyOf, pathText } from "./fields.ts";
import { draftText, isEmpty, parseInputs, readInputs, type Values } from "./formModel.ts";
import { NO_PROBLEMS, type Problems } from "./problems.ts";

/** What is being filled in: the form's values, and the JSON while that tab is open. */
export interface Draft {
  values: Values;
  /** The text of the JSON tab; null while the form is open. What is on screen is what runs. */
  json: string | null;
}

interface Props {
  fields: FormField[];
  draft: Draft;
  problems: Problems;
  onChange: (draft: Draft) => void;
  onProblems: (problems: Problems) => void;
}

/** So many optional inputs are shown at once; more are found by name. */
const SHOWN = 8;

export function InputForm({ fields, draft, problems, onChange, onProblems }: Props) {
  const [leftOut, setLeftOut] = useState<string[]>([]);
  if (fields.length === 0) return <Text c="dimmed">This action takes no inputs.</Text>;

  const open = (next: string | null) => {
    onProblems(NO_PROBLEMS);
    if (next === "json") {
      onChange({ ...draft, json: draftText(fields, draft.values) });
      return;
    }
    // Nothing was changed: what was typed into the form stays, also what means nothing yet.
    if (draft.json === null || draft.json === draftText(fields, draft.values)) {
      onChange({ ...draft, json: null });
      return;
    }
    try {
      const { values, unknown } = readInputs(fields, JSON.parse(draft.json));
      setLeftOut(unknown);
      onChange({ values, json: null });
    } catch {
      onProblems({ byField: {}, rest: parseInputs(fields, draft.json).problems });
    }
  };
  return (
    <Tabs value={draft.json === null ? "form" : "json"} onChange={open} keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="form">Form</Tabs.Tab>
        <Tabs.Tab value="json">JSON</Tabs.Tab>
      </Tabs.List>
      {problems.rest.length > 0 && (
        <Alert color="red" role="alert" mb="md">
          {problems.rest.map((problem) => (
            <Text key={problem} size="sm" c="var(--mantine-color-text)">
              {problem}
            </Text>
          ))}
        </Alert>
      )}
      <Tabs.Panel value="form">
        {leftOut.length > 0 && (
          <Alert color="yellow" mb="md">
            <Text size="sm" c="var(--mantine-color-text)">
              The form cannot hold {leftOut.join(", ")} as written, and does not send it. Use the JSON tab for
              that.
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
          description="path, query, headers and body, sent exactly as written"
          autosize
          minRows={8}
          maxRows={24}
          error={problems.rest.length > 0}
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
  values: Values;
  problems: Record<string, string>;
  onChange: (values: Values) => void;
}

function Form({ fields, values, problems, onChange }: FormProps) {
  const [search, setSearch] = useState("");
  const [opened, setOpened] = useState(false);
  const required = fields.filter((field) => field.required);
  const optional = fields.filter((field) => !field.required);
  const isTold = new Set(fields.map(({ path }) => path[0])).size > 1;
  // What holds a value or a problem is never hidden; a row's problem is its list's.
  const isNeeded = (field: FormField) =>
    !isEmpty(values[keyOf(field.path)]) ||
    Object.keys(problems).some((key) => key === keyOf(field.path) || key.startsWith(rowsKey(field)));
  const words = search.toLowerCase().split(/\s+/);
  const found = optional.filter((field) => {
    const text = `${pathText(field.path)} ${field.description}`.toLowerCase();
    return isNeeded(field) || words.every((word) => text.includes(word));
  });
  const visible =
    opened || search !== "" ? found : found.filter((field, index) => index < SHOWN || isNeeded(field));
  const hidden = found.length - visible.length;
  const shared = { isTold, values, problems, onChange };
  const errors = Object.keys(problems).length;
  return (
    <Stack>
      {errors > 0 && (
        <Alert color="red" role="alert">
          {errors === 1 ? "One input needs another look." : `${errors} inputs need another look.`}
        </Alert>
      )}
      {required.length > 0 && <FieldGroups name="Required" fields={required} {...shared} />}
      {optional.length > 0 && (
        <Stack gap="sm">
          <Group justify="space-between">
            <Title order={3} size="h6">
              Optional inputs ({optional.length})
            </Title>
            {optional.length > SHOWN && (
              <SearchInput
                aria-label="Find an optional input"
                placeholder="Find an input"
                size="xs"
                value={search}
                onSearch={setSearch}
              />
            )}
          </Group>
          <FieldGroups name="Optional" fields={visible} {...shared} />
          {found.length === 0 && (
            <Text size="sm" c="dimmed">
              No input has these words.
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

/** What the keys of a field's cells begin with. */
const rowsKey = (field: FormField): string => `${keyOf(field.path).slice(0, -1)},`;
