/** The layout of every page: header, project, navigation and content. */

import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Menu,
  NavLink,
  ScrollArea,
  Select,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconBook,
  IconBraces,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSettings,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { chooseProject } from "../api/client.ts";
import { useLoginSession, useLogout } from "../api/loginSession.ts";
import { Search } from "../features/search/Search.tsx";
import { Shortcuts } from "../features/shortcuts/Shortcuts.tsx";
import { Pill } from "../ui/Pill.tsx";
import { PAGES } from "./pages.ts";

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  // Null until it is first opened.
  const [shortcuts, setShortcuts] = useState<boolean | null>(null);
  const showShortcuts = useCallback(() => setShortcuts(true), []);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const inside = path.replace(/^\/dashboard/, "");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the drawer closes when the page changes
  useEffect(close, [path]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", sm: "xl" }}
    >
      <a className="pb-skip" href="#main">
        Skip to content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? "Close navigation" : "Open navigation"}
            />
            <Link to="/" className="pb-row-link">
              Patchbay
            </Link>
            <SandboxPill />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Search />
            <ProjectSelect />
            <ColorSchemeButton />
            <UserMenu onShortcuts={showShortcuts} />
            <Shortcuts opened={shortcuts} onOpen={showShortcuts} onClose={() => setShortcuts(false)} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Pages">
        <AppShell.Section grow component={ScrollArea}>
          {PAGES.map(({ to, label, icon: Icon }) => (
            <NavLink
              key={to}
              component={Link}
              to={to}
              label={label}
              leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
              active={inside === to || inside.startsWith(`${to}/`)}
              mb={2}
            />
          ))}
        </AppShell.Section>
        <AppShell.Section>
          <NavLink
            href="/docs"
            target="_blank"
            label="Documentation"
            leftSection={<IconBook size={18} stroke={1.6} aria-hidden />}
          />
          <NavLink
            href="/docs/api"
            target="_blank"
            label="API reference"
            leftSection={<IconBraces size={18} stroke={1.6} aria-hidden />}
          />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <div className="pb-main">
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  );
}

function SandboxPill() {
  const { sandbox } = useLoginSession();
  return sandbox ? (
    <Pill color="yellow" visibleFrom="xs">
      Sandbox
    </Pill>
  ) : null;
}

function ProjectSelect() {
  const { project, projects } = useLoginSession();
  const client = useQueryClient();
  if (projects.length < 2) {
    return (
      <Text size="sm" c="dimmed" visibleFrom="sm">
        {project?.name}
      </Text>
    );
  }
  return (
    <Select
      aria-label="Project"
      size="xs"
      w={{ base: 120, sm: 180 }}
      allowDeselect={false}
      data={projects.map(({ id, name }) => ({ value: id, label: name }))}
      value={project?.id ?? null}
      onChange={(id) => {
        if (id === null) return;
        chooseProject(id);
        // Everything on the screen belongs to the previous project.
        void client.resetQueries();
      }}
    />
  );
}

function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const current = useComputedColorScheme("light");
  const next = current === "dark" ? "light" : "dark";
  const Icon = current === "dark" ? IconSun : IconMoon;
  return (
    <ActionIcon size="lg" aria-label={`Switch to ${next} mode`} onClick={() => setColorScheme(next)}>
      <Icon size={18} stroke={1.6} aria-hidden />
    </ActionIcon>
  );
}

function UserMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const logout = useLogout();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="lg" aria-label="User menu">
          <IconUserCircle size={20} stroke={1.6} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to="/settings" leftSection={<IconSettings size={16} aria-hidden />}>
          Settings and password
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={onShortcuts}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => logout.mutate()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
