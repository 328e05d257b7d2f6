/** The buttons of a dialog: Cancel and the main action. */

import { Button, Group } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  onCancel: () => void;
  /** The button of the main action. */
  children: ReactNode;
}

export const DialogActions = ({ onCancel, children }: Props) => (
  <Group justify="flex-end">
    <Button variant="default" onClick={onCancel}>
      Cancel
    </Button>
    {children}
  </Group>
);
