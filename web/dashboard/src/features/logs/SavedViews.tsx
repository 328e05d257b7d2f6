/** The menu of saved views, and the dialog that saves and deletes them. */

import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconBookmark, IconBookmarkPlus, IconCheck, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { chosenProject } from "../../api/client.ts";
import { notifySuccess } from "../../ui/notify.ts";
import { countFilters, type LogFilters } from "./filters.ts";
import {
  isSameView,
  MAX_NAME_LENGTH,
  MAX_VIEWS,
  type SavedView,
  useSavedViews,
  withView,
} from "./savedViews.ts";

interface Props {
  filters: LogFilters;
  onOpen: (filters: LogFilters) => void;
}

export function SavedViews({ filters, onOpen }: Props) {
  const [views, setViews] = useSavedViews(chosenProject() ?? "");
  const [isManaging, setIsManaging] = useState(false);
  return (
    <>
      <Menu position="bottom-end" width={260} withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark size={16} aria-hidden />}>
            Views
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
          {views.map((view) => {
            const isShown = isSameView(view.filters, filters);
            return (
              <Menu.Item
                key={view.name}
                style={{ overflowWrap: "anywhere" }}
                {...(isShown
                  ? { "aria-current": true, rightSection: <IconCheck size={16} aria-hidden /> }
                  : {})}
                onClick={() => onOpen(view.filters)}
              >
                {view.name}
              </Menu.Item>
            );
          })}
          {views.length > 0 && <Menu.Divider role="separator" />}
          <Menu.Item
            leftSection={<IconBookmarkPlus size={16} aria-hidden />}
            onClick={() => setIsManaging(true)}
          >
            {views.length === 0 ? "Save this view" : "Save or delete a view"}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={isManaging} onClose={() => setIsManaging(false)} title="Saved views">
        {isManaging && (
          <ViewsForm
            filters={filters}
            views={views}
            onChange={setViews}
            onDone={() => setIsManaging(false)}
          />
        )}
      </Modal>
    </>
  );
}

interface FormProps {
  filters: LogFilters;
  views: SavedView[];
  onChange: (views: SavedView[]) => void;
  onDone: () => void;
}

function ViewsForm({ filters, views, onChange, onDone }: FormProps) {
  const [typed, setTyped] = useState("");
  const name = typed.trim();
  const isReplaced = views.some((view) => view.name === name);
  const isFull = views.length >= MAX_VIEWS && !isReplaced;
  const isFiltered = countFilters(filters) > 0;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        A view keeps the filters under a name, for this project and in this browser. To show a view to others,
        send them the address of the page.
      </Text>
      {isFiltered ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (name === "" || isFull) return;
            onChange(withView(views, { name, filters }));
            notifySuccess(`The view ${name} is saved`);
            onDone();
          }}
        >
          <Group align="flex-end" wrap="nowrap">
            <TextInput
              label="Name of the view"
              value={typed}
              maxLength={MAX_NAME_LENGTH}
              autoComplete="off"
              data-autofocus
              error={isFull ? `There are ${MAX_VIEWS} views. Delete one first.` : undefined}
              onChange={(event) => setTyped(event.currentTarget.value)}
              style={{ flex: 1 }}
            />
            <Button type="submit" disabled={name === "" || isFull}>
              {isReplaced ? "Replace" : "Save"}
            </Button>
          </Group>
        </form>
      ) : (
        <Text size="sm">Choose a filter first: without one there is nothing to save.</Text>
      )}
      {views.length > 0 && (
        <Stack gap={4} component="ul" aria-label="Views" m={0} p={0} style={{ listStyle: "none" }}>
          {views.map((view) => (
            <Group key={view.name} component="li" justify="space-between" wrap="nowrap">
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {view.name}
              </Text>
              <ActionIcon
                variant="subtle"
                color="red.8"
                c="var(--mantine-color-error)"
                aria-label={`Delete the view ${view.name}`}
                onClick={() => onChange(views.filter((other) => other.name !== view.name))}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Group>
          ))}
        </Stack>
      )}
    </Stack>
  );
}
