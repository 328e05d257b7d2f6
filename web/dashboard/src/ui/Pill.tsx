/** A short label on a light background, for a status or an effect. */

import { Badge, type BadgeProps } from "@mantine/core";
import type { ComponentPropsWithRef } from "react";

type Props = BadgeProps & Omit<ComponentPropsWithRef<"div">, keyof BadgeProps>;

export const Pill = (props: Props) => (
  <Badge variant="light" c="var(--mantine-color-text)" miw="max-content" {...props} />
);
