/** All inputs of an action: what is required at once, what is optional when it is wanted, or all of it as JSON. */

import { Alert, Button, Group, SimpleGrid, Stack, Tabs, Text, Textarea, Title } from "@mantine/core";
import { useState } from "react";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { FieldControl } from "./FieldControl.tsx";
import { buildInputs, type FormField, keyOf, pathText, readInputs, type Values } from "./formModel.ts";

interface Props {
  fields: FormField[];
  values: Values;
  problems: Record<string, string>;
  onChange: (values: Values) => void;
}

/** So many optional inputs are shown at once; more are found by name. */
const SHOWN = 8;

export function InputForm({ fields, values, problems, onChange }: Props) {
  const [tab, setTab] = useState<string | null>("form");
  const [json, setJson] = useState("");
  const [jsonProblem, setJsonProblem] = useState<string | null>(null);
  if (fields.length === 0) return <Text c="dimmed">This action takes no inputs.</Text>;

  const open = (next: string | null) => {
    if (next === "json") {
      setJson(JSON.stringify(buildInputs(fields, values).inputs, null, 2));
      setJsonProblem(null);
    }
    setTab(next);
  };
  const write = (text: string) => {
    setJson(text);
    try {
      const { values: read, unknown } = readInputs(fields, JSON.parse(text));
      setJsonProblem(
        unknown.length === 0 ? null : `The action has no input ${unknown.join(", ")}; it is not sent.`,
      );
      onChange(read);
    } catch (error) {
      setJsonProblem(
        error instanceof Error ? `This is not JSON yet: ${error.message}` : "This is not JSON yet.",
      );
    }
  };
  return (
    <Tabs value={tab} onChange={open} keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="form">Form</Tabs.Tab>
        <Tabs.Tab value="json">JSON</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="form">
        <Form fields={fields} values={values} problems={problems} onChange={onChange} />
      </Tabs.Panel>
      <Tabs.Panel value="json">
        <Textarea
          label="Inputs"
          description="path, query, headers and body, as they are sent"
          autosize
          minRows={8}
          maxRows={24}
          error={jsonProblem}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={json}
          onChange={(event) => write(event.currentTarget.value)}
        />
      </Tabs.Panel>
    </Tabs>
  );
}

function Form({ fields, values, problems, onChange }: Props) {
  const [search, setSearch] = useState("");
  const [opened, setOpened] = useState(false);
  const required = fields.filter((field) => field.required);
  const optional = fields.filter((field) => !field.required);
  const isFilled = (field: FormField) => (values[keyOf(field.path)] ?? "").length > 0;
  const words = search.toLowerCase().split(/\s+/);
  const found = optional.filter((field) => {
    const text = `${pathText(field.path)} ${field.description}`.toLowerCase();
    return (
      isFilled(field) ||
      problems[keyOf(field.path)] !== undefined ||
      words.every((word) => text.includes(word))
    );
  });
  const visible =
    opened || search !== ""
      ? found
      : found.filter(
          (field, index) => index < SHOWN || isFilled(field) || problems[keyOf(field.path)] !== undefined,
        );
  const hidden = found.length - visible.length;
  const control = (field: FormField) => (
    <FieldControl
      key={keyOf(field.path)}
      field={field}
      value={values[keyOf(field.path)]}
      problem={problems[keyOf(field.path)]}
      onChange={(value) => onChange({ ...values, [keyOf(field.path)]: value })}
    />
  );
  const errors = Object.keys(problems).length;
  return (
    <Stack>
      {errors > 0 && (
        <Alert color="red" role="alert">
          {errors === 1 ? "One input needs another look." : `${errors} inputs need another look.`}
        </Alert>
      )}
      {required.length > 0 && <SimpleGrid cols={{ base: 1, lg: 2 }}>{required.map(control)}</SimpleGrid>}
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
          <SimpleGrid cols={{ base: 1, lg: 2 }}>{visible.map(control)}</SimpleGrid>
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
