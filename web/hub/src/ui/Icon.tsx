/** The Hub's icons, in the color of the text. They are hidden from screen readers. */

const PATHS = {
  back: "M15 18l-6-6 6-6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  chevron: "M9 6l6 6-6 6",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.7a2.7 2.7 0 100-5.4 2.7 2.7 0 000 5.4z",
  eyeOff:
    "M4 4l16 16M9.9 5.8A9 9 0 0112 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 01-2.7 3.4M6.3 7.4A16 16 0 002.5 12S6 18.5 12 18.5a9 9 0 004.4-1.2M10 10.2a2.7 2.7 0 003.8 3.8",
  external: "M14 5h5v5M19 5l-9 9M11 5H5v14h14v-6",
  guide: "M5 5.5A1.5 1.5 0 016.5 4H19v13H6.5A1.5 1.5 0 005 18.5zM5 18.5A1.5 1.5 0 006.5 20H19v-3",
  help: "M9.6 9.3a2.5 2.5 0 114 2c-1 .7-1.6 1.2-1.6 2.4M12 17h.01",
  info: "M12 11v5.5M12 7.5h.01M12 21a9 9 0 100-18 9 9 0 000 18z",
  search: "M11 18a7 7 0 100-14 7 7 0 000 14zM20 20l-4-4",
  spark: "M12 3l1.8 5.2L19 10l-5.2 1.8L12 17l-1.8-5.2L5 10l5.2-1.8zM19 16v4M17 18h4",
  warning:
    "M12 9v4.5M12 17h.01M10.6 4.2L2.9 17.6A1.6 1.6 0 004.3 20h15.4a1.6 1.6 0 001.4-2.4L13.4 4.2a1.6 1.6 0 00-2.8 0z",
  window: "M4 5h16v14H4zM4 9h16",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
