/** The end of a dialog: leave it, or do what it is for. */

import { Button, Group } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  onCancel: () => void;
  /** The button that does it. */
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
