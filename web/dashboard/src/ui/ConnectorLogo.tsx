/** A connector's logo, or the first letter of its name if it has no logo. */

import { useState } from "react";

const LETTER_COLORS = ["#4f46e5", "#0f766e", "#b45309", "#be185d", "#1d4ed8", "#7e22ce"];

interface Props {
  name: string;
  url: string | null | undefined;
  size?: number;
}

export function ConnectorLogo({ name, url, size = 28 }: Props) {
  const [broken, setBroken] = useState(false);
  if (url && !broken) {
    return (
      <img
        src={url}
        alt=""
        width={size}
        height={size}
        style={{ borderRadius: 8, flex: "none" }}
        onError={() => setBroken(true)}
      />
    );
  }
  const sum = [...name].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return (
    <span
      className="pb-letter"
      aria-hidden
      style={{
        width: size,
        height: size,
        fontSize: size * 0.5,
        background: LETTER_COLORS[sum % LETTER_COLORS.length],
      }}
    >
      {[...name][0]?.toUpperCase() ?? "?"}
    </span>
  );
}
