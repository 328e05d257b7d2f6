/** A relative time, with the exact time as a tooltip. */

import { Text, Tooltip } from "@mantine/core";
import { exactTime, relativeTime } from "./time.ts";

interface Props {
  at: string;
  /** Uses the font size of the surrounding text. */
  inherit?: boolean;
}

export const Timestamp = ({ at, inherit = false }: Props) => (
  <Tooltip label={exactTime(at)}>
    <Text component="time" {...(inherit ? { inherit } : { size: "sm" })} dateTime={at} tabIndex={0}>
      {relativeTime(at, new Date())}
    </Text>
  </Tooltip>
);
