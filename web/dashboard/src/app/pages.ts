/** The pages of the navigation, which the search finds, too. */

import {
  IconChartBar,
  IconKey,
  IconListCheck,
  IconListSearch,
  IconPlayerPlay,
  IconPlug,
  IconRobot,
  IconSettings,
  IconStack2,
  IconUsers,
  IconWebhook,
} from "@tabler/icons-react";

export const PAGES = [
  { to: "/overview", label: "Overview", icon: IconChartBar },
  { to: "/start", label: "Get started", icon: IconListCheck },
  { to: "/accounts", label: "Accounts", icon: IconUsers },
  { to: "/connectors", label: "Connectors", icon: IconPlug },
  { to: "/profiles", label: "Connector profiles", icon: IconStack2 },
  { to: "/run", label: "Run an action", icon: IconPlayerPlay },
  { to: "/agents", label: "Use with an agent", icon: IconRobot },
  { to: "/logs", label: "Logs", icon: IconListSearch },
  { to: "/webhooks", label: "Webhooks", icon: IconWebhook },
  { to: "/keys", label: "API keys", icon: IconKey },
  { to: "/settings", label: "Settings", icon: IconSettings },
] as const;

export type NavigationPage = (typeof PAGES)[number];
