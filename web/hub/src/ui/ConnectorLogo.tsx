/** A connector's logo, or the first letter of its name if it has no logo or the logo does not load. */

import { useState } from "react";

const HUE_COUNT = 6;

/** Returns a hue that depends only on the name. */
function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUE_COUNT;
}

export function ConnectorLogo({
  name,
  url,
  size,
}: {
  name: string;
  url: string | null | undefined;
  size: number;
}) {
  const [broken, setBroken] = useState(false);
  const style = { width: size, height: size };
  if (url && !broken) {
    return <img className="logo" src={url} alt="" style={style} onError={() => setBroken(true)} />;
  }
  return (
    <span
      className={`logo logo-letter logo-hue-${hueOf(name)}`}
      style={{ ...style, fontSize: size * 0.5 }}
      aria-hidden="true"
    >
      {name.trim().charAt(0).toUpperCase() || "?"}
    </span>
  );
}
