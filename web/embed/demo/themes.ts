/** The themes of the demo. They also apply to the fictional product. */

import type { Theme } from "../src/react.ts";

export type ThemeChoice = "light" | "dark" | "auto" | "custom";

export const THEME_CHOICES: readonly { value: ThemeChoice; label: string }[] = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "System" },
  { value: "custom", label: "Custom" },
];

const CUSTOM_THEME: Theme = {
  colors: {
    page: { background: "#f5f3ee" },
    card: { background: "#fffdf9", border: "#e6dfd2", sunkenBackground: "#f6f1e7" },
    text: { primary: "#23201a", secondary: "#5c5548", subtle: "#6b6455", link: "#0b6b5f" },
    primary: { background: "#0f766e", foreground: "#ffffff" },
    control: { background: "#fffdf9", border: "#8f8672" },
  },
  radius: { md: "12px", lg: "16px" },
};

export const themeFor = (choice: ThemeChoice): Theme => (choice === "custom" ? CUSTOM_THEME : choice);
