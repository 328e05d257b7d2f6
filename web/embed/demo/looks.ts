/** How the Hub can look in the demo. The product around it follows, as a real one would. */

import type { Theme } from "../src/react.ts";

export type Look = "light" | "dark" | "auto" | "own";

export const LOOKS: readonly { value: Look; label: string }[] = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "System" },
  { value: "own", label: "Own colours" },
];

const OWN: Theme = {
  colors: {
    page: { background: "#f5f3ee" },
    card: { background: "#fffdf9", border: "#e6dfd2", sunkenBackground: "#f6f1e7" },
    text: { primary: "#23201a", secondary: "#5c5548", subtle: "#6b6455", link: "#0b6b5f" },
    primary: { background: "#0f766e", foreground: "#ffffff" },
    control: { background: "#fffdf9", border: "#8f8672" },
  },
  radius: { md: "12px", lg: "16px" },
};

export const themeOf = (look: Look): Theme => (look === "own" ? OWN : look);
