/** JSON as a tree that collapses and expands by mouse and by arrow keys, or as text. */

import { Box, Group, SegmentedControl, Text } from "@mantine/core";
import { useState } from "react";
import { JsonView } from "react-json-view-lite";
import { CopyButton } from "./CopyButton.tsx";

interface Props {
  value: unknown;
  /** The heading, for example "Body". */
  label: string;
}

/** Levels that are expanded at first: the response, its list, and each item. */
const INITIAL_DEPTH = 3;

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
  ariaLables: { collapseJson: "Collapse", expandJson: "Expand" },
};

const isNested = (value: unknown): value is object => typeof value === "object" && value !== null;

export function JsonTree({ value, label }: Props) {
  const [view, setView] = useState("tree");
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const shownView = isNested(value) ? view : "text";
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
              aria-label={`${label} view`}
              data={[
                { value: "tree", label: "Tree" },
                { value: "text", label: "Text" },
              ]}
              value={view}
              onChange={setView}
            />
          )}
        </Group>
        <CopyButton value={text} what={label} label="Copy" />
      </Group>
      {shownView === "tree" && isNested(value) ? (
        <div className="pb-code">
          <JsonView
            data={value}
            style={classes}
            shouldExpandNode={(level) => level < INITIAL_DEPTH}
            aria-label={label}
          />
        </div>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable element must be reachable by keyboard
        <pre className="pb-code" tabIndex={0}>
          <code>{text}</code>
        </pre>
      )}
    </Box>
  );
}
