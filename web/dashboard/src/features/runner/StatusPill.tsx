/** An HTTP status, in the colour of what it means. */

import { Pill } from "../../ui/Pill.tsx";

const colourOf = (status: number): string =>
  status === 0 || status >= 500 ? "red" : status >= 400 ? "orange" : "teal";

/** No status at all, or 0, is no answer. */
export const StatusPill = ({ status }: { status: number | null }) => (
  <Pill color={colourOf(status ?? 0)}>{status === null || status === 0 ? "no answer" : status}</Pill>
);
