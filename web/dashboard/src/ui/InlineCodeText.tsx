/** Text from a connector file; parts between backticks are shown as code. */

import { Code } from "@mantine/core";

export const InlineCodeText = ({ text }: { text: string }) =>
  text.split("`").map((part, index, parts) =>
    // An unpaired backtick is shown literally.
    index % 2 === 0 || index === parts.length - 1 ? (
      (index % 2 === 0 ? "" : "`") + part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text are never reordered
      <Code key={index}>{part}</Code>
    ),
  );
