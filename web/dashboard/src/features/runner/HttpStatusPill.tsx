/** An HTTP status, colored by its class. */

import { Pill } from "../../ui/Pill.tsx";

const colorOf = (status: number): string =>
  status === 0 || status >= 500 ? "red" : status >= 400 ? "orange" : "teal";

/** A missing status, or 0, means that no response arrived. */
export const HttpStatusPill = ({ status }: { status: number | null }) => (
  <Pill color={colorOf(status ?? 0)}>{status === null || status === 0 ? "no response" : status}</Pill>
);
