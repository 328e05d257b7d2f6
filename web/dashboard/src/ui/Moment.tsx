/** A moment: roughly in words, exactly on demand. */

import { Text, Tooltip } from "@mantine/core";
import { exactTime, relativeTime } from "./time.ts";

export const Moment = ({ at }: { at: string }) => (
  <Tooltip label={exactTime(at)}>
    <Text component="time" size="sm" dateTime={at} tabIndex={0}>
      {relativeTime(at, new Date())}
    </Text>
  </Tooltip>
);
