/** Which actions a profile allows: all, only those that read, or these. */

import { Button, Checkbox, Group, ScrollArea, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Action } from "../../api/connectors.ts";
import { SearchInput } from "../../ui/SearchInput.tsx";
import { Annotations } from "../connectors/Annotations.tsx";

interface Props {
  actions: Action[];
  chosen: string[] | null;
  onChange: (chosen: string[] | null) => void;
}

export function ActionPicker({ actions, chosen, onChange }: Props) {
  const [search, setSearch] = useState("");
  const reading = actions
    .filter((action) => action.action_details.annotations.readOnlyHint === true)
    .map(({ id }) => id);
  const words = search.toLowerCase();
  const shown = actions.filter((action) => `${action.id} ${action.label}`.toLowerCase().includes(words));
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500} id="allowed-actions">
        Actions
      </Text>
      <SegmentedControl
        aria-labelledby="allowed-actions"
        data={[
          { value: "all", label: "All, also later ones" },
          { value: "some", label: "Only these" },
        ]}
        value={chosen === null ? "all" : "some"}
        onChange={(value) => onChange(value === "all" ? null : reading)}
      />
      {chosen !== null && (
        <>
          <Group justify="space-between">
            <Text size="sm" c="dimmed" aria-live="polite">
              {chosen.length} of {actions.length} are allowed
            </Text>
            <Group gap="xs">
              <Button size="compact-sm" variant="default" onClick={() => onChange(reading)}>
                Those that read
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => onChange(actions.map(({ id }) => id))}
              >
                All of these
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => onChange([])}>
                None
              </Button>
            </Group>
          </Group>
          <SearchInput
            aria-label="Find an action"
            placeholder="Find an action"
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
                  <Annotations action={action} />
                </Group>
              ))}
              {shown.length === 0 && (
                <Text size="sm" c="dimmed">
                  No action has these words.
                </Text>
              )}
            </Stack>
          </ScrollArea>
        </>
      )}
    </Stack>
  );
}
