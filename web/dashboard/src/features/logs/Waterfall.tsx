/** The steps of a run and their requests to the provider on a common time. */

import { Group, Text } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { HttpStatusPill } from "../runner/HttpStatusPill.tsx";
import { formatDuration } from "./duration.ts";
import type { Bar } from "./waterfall.ts";

export const Waterfall = ({ bars }: { bars: Bar[] }) => (
  <ol className="pb-waterfall" aria-label="Steps and requests">
    {bars.map((bar) => (
      <li key={bar.key} className={bar.kind === "step" ? "" : "pb-waterfall-request"}>
        <Group gap="xs" wrap="wrap">
          <Text size="sm" fw={bar.kind === "step" ? 600 : 400} style={{ overflowWrap: "anywhere" }}>
            {bar.label}
          </Text>
          {bar.outcome === "skipped" ? (
            <Text size="xs" c="dimmed">
              skipped
            </Text>
          ) : (
            // A step without a status sent no request; one with an error has at least the error's.
            (bar.kind === "request" || bar.status !== null) && <HttpStatusPill status={bar.status} />
          )}
          <Text size="xs" c="dimmed">
            {formatDuration(bar.durationMs)}, after {formatDuration(bar.startMs)}
          </Text>
        </Group>
        {bar.message !== null && (
          <Text size="xs" style={{ overflowWrap: "anywhere" }}>
            {toSentence(bar.message)}
          </Text>
        )}
        <div className="pb-waterfall-track" aria-hidden>
          <div
            className={`pb-waterfall-bar pb-waterfall-${bar.outcome}`}
            style={{ insetInlineStart: `${bar.left}%`, width: `${bar.width}%` }}
          />
        </div>
      </li>
    ))}
  </ol>
);
