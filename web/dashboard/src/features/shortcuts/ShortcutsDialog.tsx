/** The list of the keyboard shortcuts, and the switch for those that are single keys. */

import { Kbd, Modal, Stack, Switch, Table } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { isApple } from "../search/Search.tsx";
import { pageShortcuts, singleKeysAreOn, switchSingleKeys } from "./shortcuts.ts";

interface Props {
  opened: boolean;
  onClose: () => void;
}

export function ShortcutsDialog({ opened, onClose }: Props) {
  const [isOn, setOn] = useState(singleKeysAreOn);
  const mod = isApple ? "⌘" : "Ctrl";
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" transitionProps={{ duration: 0 }}>
      <Stack>
        <Table aria-label="Keyboard shortcuts" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Keys</Table.Th>
              <Table.Th>What they do</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Row does="Search pages, accounts, actions, calls and documentation">
              <Kbd>{mod}</Kbd> <Kbd>K</Kbd>
            </Row>
            <Row does="Run the chosen action">
              <Kbd>{mod}</Kbd> <Kbd>Enter</Kbd>
            </Row>
            {isOn && (
              <>
                <Row does="Search">
                  <Kbd>/</Kbd>
                </Row>
                <Row does="Show this list">
                  <Kbd>?</Kbd>
                </Row>
                {pageShortcuts().map(({ key, page }) => (
                  <Row key={key} does={`Go to ${page.label}`}>
                    <Kbd>g</Kbd> then <Kbd>{key}</Kbd>
                  </Row>
                ))}
              </>
            )}
          </Table.Tbody>
        </Table>
        <Switch
          label="Shortcuts of single keys"
          description="Switch them off if they get in the way of speech input or other tools. This browser remembers it."
          checked={isOn}
          onChange={(event) => {
            const { checked } = event.currentTarget;
            setOn(checked);
            switchSingleKeys(checked);
          }}
        />
      </Stack>
    </Modal>
  );
}

const Row = ({ does, children }: { does: string; children: ReactNode }) => (
  <Table.Tr>
    <Table.Td style={{ whiteSpace: "nowrap" }}>{children}</Table.Td>
    <Table.Td>{does}</Table.Td>
  </Table.Tr>
);
