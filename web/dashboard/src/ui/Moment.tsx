/** A moment: roughly in words, exactly on demand. */

import { Text, Tooltip } from "@mantine/core";
import { exactTime, relativeTime } from "./time.ts";

interface Props {
  at: string;
  /** Within a sentence: as large as the words around it. */
  inherit?: boolean;
}

export const Moment = ({ at, inherit = false }: Props) => (
  <Tooltip label={exactTime(at)}>
    <Text component="time" {...(inherit ? { inherit } : { size: "sm" })} dateTime={at} tabIndex={0}>
      {relativeTime(at, new Date())}
    </Text>
  </Tooltip>
);
