/** JSON to look through: what is nested opens and closes, by mouse and by arrow keys. */

import { Box, Group, SegmentedControl, Text } from "@mantine/core";
import { useState } from "react";
import { JsonView } from "react-json-view-lite";
import { CopyButton } from "./CopyButton.tsx";

interface Props {
  value: unknown;
  /** What it is, such as "Body". */
  label: string;
}

/** So deep it is open at first: the answer, its list, each item of it. */
const OPEN = 3;

const classes = {
  container: "pb-json",
  basicChildStyle: "pb-json-entry",
  childFieldsContainer: "pb-json-members",
  label: "pb-json-name",
  clickableLabel: "pb-json-name",
  nullValue: "pb-json-word",
  undefinedValue: "pb-json-word",
  booleanValue: "pb-json-word",
  numberValue: "pb-json-number",
  stringValue: "pb-json-text",
  otherValue: "pb-json-word",
  punctuation: "pb-json-mark",
  collapseIcon: "pb-json-toggle pb-json-open",
  expandIcon: "pb-json-toggle",
  collapsedContent: "pb-json-more",
  noQuotesForStringValues: false,
  quotesForFieldNames: false,
  stringifyStringValues: true,
  ariaLables: { collapseJson: "Close", expandJson: "Open" },
};

const isNested = (value: unknown): value is object => typeof value === "object" && value !== null;

export function JsonTree({ value, label }: Props) {
  const [as, setAs] = useState("tree");
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const shape = isNested(value) ? as : "text";
  return (
    <Box>
      <Group justify="space-between" mb={6}>
        <Group gap="sm">
          <Text size="sm" fw={600}>
            {label}
          </Text>
          {isNested(value) && (
            <SegmentedControl
              size="xs"
              aria-label={`How ${label} is shown`}
              data={[
                { value: "tree", label: "Tree" },
                { value: "text", label: "Text" },
              ]}
              value={as}
              onChange={setAs}
            />
          )}
        </Group>
        <CopyButton value={text} what={label} label="Copy" />
      </Group>
      {shape === "tree" && isNested(value) ? (
        <div className="pb-code">
          <JsonView
            data={value}
            style={classes}
            shouldExpandNode={(level) => level < OPEN}
            aria-label={label}
          />
        </div>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre className="pb-code" tabIndex={0}>
          <code>{text}</code>
        </pre>
      )}
    </Box>
  );
}
