/** A button that copies a string and confirms it. */

import { ActionIcon, Button, CopyButton as Copy, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

interface Props {
  value: string;
  /** The name of the value, for example "account ID". */
  what: string;
  /** Shows a button with this text instead of an icon. */
  label?: string;
}

export function CopyButton({ value, what, label }: Props) {
  return (
    <Copy value={value} timeout={2000}>
      {({ copied, copy }) => {
        const icon = copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />;
        if (label !== undefined) {
          return (
            <Button variant="default" size="xs" leftSection={icon} onClick={copy}>
              {copied ? "Copied" : label}
            </Button>
          );
        }
        return (
          <Tooltip label={copied ? "Copied" : `Copy ${what}`}>
            <ActionIcon onClick={copy} aria-label={copied ? "Copied" : `Copy ${what}`}>
              {icon}
            </ActionIcon>
          </Tooltip>
        );
      }}
    </Copy>
  );
}
