/** The dashboard's Mantine theme, with the palette of the other screens' design tokens. */

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef0ff",
  "#e0e3ff",
  "#c7ccff",
  "#a8a9ff",
  "#8b86ff",
  "#6f66f5",
  "#5a50ec",
  "#4f46e5",
  "#4338ca",
  "#3730a3",
];

/** Slate, from text to background: the dark scheme of the other screens. */
const dark: MantineColorsTuple = [
  "#f1f5f9",
  "#d5deea",
  "#a3b1c6",
  "#7e8ea8",
  "#4d5b75",
  "#33405a",
  "#1b2437",
  "#131a2b",
  "#0e1525",
  "#0b1020",
];

export const theme = createTheme({
  colors: { indigo, dark },
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  defaultRadius: "md",
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  components: {
    NavLink: { styles: { root: { borderRadius: "var(--mantine-radius-md)" } } },
    Alert: { defaultProps: { variant: "light", c: "var(--mantine-color-text)" } },
    Badge: { defaultProps: { tt: "none" } },
    Anchor: { defaultProps: { underline: "always" } },
    Tooltip: { defaultProps: { withArrow: true, events: { hover: true, focus: true, touch: true } } },
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { blur: 2 },
        closeButtonProps: { "aria-label": "Close" },
        // Without this, the dialog's header would count as a second banner landmark of the page.
        attributes: { header: { role: "none" } },
      },
    },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
  },
});

/** Replaces Mantine's neutrals with slate; text has a contrast of at least 4.5:1 on every surface. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#0f172a",
    "--mantine-color-dimmed": "#52607a",
    "--mantine-color-default-border": "#dbe2ec",
    "--mantine-color-placeholder": "#64728a",
    "--mantine-color-error": "#b42318",
    "--pb-app-background": "#f6f7fb",
    "--pb-app-sunken": "#f1f4f9",
    "--pb-app-json-name": "#1f3f8f",
    "--pb-app-json-text": "#17643a",
    "--pb-app-json-word": "#8a3a12",
  },
  dark: {
    "--mantine-color-body": "#131a2b",
    "--mantine-color-text": "#f1f5f9",
    "--mantine-color-dimmed": "#a3b1c6",
    "--mantine-color-default": "#1b2437",
    "--mantine-color-default-hover": "#232e45",
    "--mantine-color-default-border": "#2c3852",
    "--mantine-color-placeholder": "#94a3b8",
    "--mantine-color-error": "#fca5a5",
    "--mantine-color-anchor": "#aba7ff",
    "--pb-app-background": "#0b1020",
    "--pb-app-sunken": "#0e1525",
    "--pb-app-json-name": "#9db8ff",
    "--pb-app-json-text": "#8ad7a6",
    "--pb-app-json-word": "#f0b48a",
  },
});
