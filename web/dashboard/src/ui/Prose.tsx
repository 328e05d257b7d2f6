/** A connector author's sentence: what stands between backticks is code. */

import { Code } from "@mantine/core";

export const Prose = ({ text }: { text: string }) =>
  text.split("`").map((part, index, parts) =>
    // A backtick that has no partner is shown as it was written.
    index % 2 === 0 || index === parts.length - 1 ? (
      (index % 2 === 0 ? "" : "`") + part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never change places
      <Code key={index}>{part}</Code>
    ),
  );
