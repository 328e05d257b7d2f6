/** Chooses the actions that a profile allows: all of them, or a selection. */

import { Button, Checkbox, Group, Input, ScrollArea, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useState } from "react";
import type { Action } from "../../api/connectors.ts";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { ActionEffectPill } from "../connectors/ActionEffectPill.tsx";

interface Props {
  actions: Action[];
  chosen: string[] | null;
  onChange: (chosen: string[] | null) => void;
}

export function ActionPicker({ actions, chosen, onChange }: Props) {
  const [search, setSearch] = useState("");
  const isNarrow = useMediaQuery("(max-width: 36em)");
  const readOnly = actions
    .filter((action) => action.action_details.annotations.readOnlyHint === true)
    .map(({ id }) => id);
  const query = search.toLowerCase();
  const shown = actions.filter((action) => `${action.id} ${action.label}`.toLowerCase().includes(query));
  return (
    <Stack gap="xs">
      <Input.Label component="div" id="allowed-actions">
        Actions
      </Input.Label>
      <SegmentedControl
        orientation={isNarrow ? "vertical" : "horizontal"}
        aria-labelledby="allowed-actions"
        data={[
          { value: "all", label: "All actions, including future ones" },
          { value: "some", label: "Selected actions" },
        ]}
        value={chosen === null ? "all" : "some"}
        onChange={(value) => onChange(value === "all" ? null : readOnly)}
      />
      {chosen !== null && (
        <>
          <Group justify="space-between">
            <Text size="sm" c="dimmed" aria-live="polite">
              {chosen.length} of {actions.length} allowed
            </Text>
            <Group gap="xs">
              <Button size="compact-sm" variant="default" onClick={() => onChange(readOnly)}>
                Select read-only
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => onChange(actions.map(({ id }) => id))}
              >
                Select all
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => onChange([])}>
                Clear
              </Button>
            </Group>
          </Group>
          <SearchInput
            aria-label="Search actions"
            placeholder="Search actions"
            value={search}
            onSearch={setSearch}
          />
          <ScrollArea h={260} className="pb-panel" p="sm" viewportProps={{ tabIndex: 0 }}>
            <Stack gap={6}>
              {shown.map((action) => (
                <Group key={action.id} justify="space-between" wrap="nowrap">
                  <Checkbox
                    label={action.label}
                    checked={chosen.includes(action.id)}
                    onChange={(event) =>
                      onChange(
                        event.currentTarget.checked
                          ? [...chosen, action.id]
                          : chosen.filter((id) => id !== action.id),
                      )
                    }
                  />
                  <ActionEffectPill action={action} />
                </Group>
              ))}
              {shown.length === 0 && (
                <Text size="sm" c="dimmed">
                  No matching actions.
                </Text>
              )}
            </Stack>
          </ScrollArea>
        </>
      )}
    </Stack>
  );
}
