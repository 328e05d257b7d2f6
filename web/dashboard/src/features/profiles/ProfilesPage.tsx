/** The list of the project's connector profiles. */

import { ActionIcon, Badge, Button, Group, Menu, Switch, Table, Text } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { IconCopy, IconDots, IconEdit, IconPlus, IconStar, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { Profile } from "../../api/client.ts";
import {
  enabledActions,
  useConnectors,
  useDeleteProfile,
  usePatchProfile,
  useProfiles,
} from "../../api/connectors.ts";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { ConnectorLogo } from "../../ui/ConnectorLogo.tsx";
import { DOCS } from "../../ui/docs.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ListTable } from "../../ui/ListTable.tsx";
import { notifyError, notifySuccess } from "../../ui/notify.ts";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { Timestamp } from "../../ui/Timestamp.tsx";
import { useIsPhone } from "../../ui/useIsPhone.ts";
import { ProfileDialog } from "./ProfileDialog.tsx";

export function ProfilesPage() {
  const profiles = useProfiles();
  const isPhone = useIsPhone();
  const [creating, setCreating] = useState(false);
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create connector profile
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Connector profiles"
        description="How this project uses each connector: the authentication method and the allowed actions."
        docs={DOCS.profiles}
        actions={create}
      />
      <QueryBoundary query={profiles} what="connector profiles">
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="No connector profiles yet" action={create}>
              A connector needs a profile before accounts can be linked.
            </EmptyState>
          ) : (
            <ListTable
              headings={
                isPhone
                  ? ["Connector profile", "Enabled"]
                  : ["Connector profile", "Method", "Environment", "Actions", "Enabled"]
              }
              menu="Menu"
            >
              {all.map((profile) => (
                <ProfileRow key={profile.id} profile={profile} isPhone={isPhone} />
              ))}
            </ListTable>
          )
        }
      </QueryBoundary>
      <ProfileDialog opened={creating} connector={null} profile={null} onClose={() => setCreating(false)} />
    </>
  );
}

/** On a phone, the method, the environment and the actions are below the name. */
function ProfileRow({ profile, isPhone }: { profile: Profile; isPhone: boolean }) {
  const connectors = useConnectors();
  const patch = usePatchProfile();
  const [dialog, setDialog] = useState<"edit" | "delete" | "disable" | null>(null);
  const total = connectors.data?.find(({ provider }) => provider === profile.connector_key)?.actions;
  const method = profile.authentication_config_label ?? profile.authentication_config_key;
  const actions = enabledActions(profile, total);
  const setActive = (active: boolean) =>
    patch.mutate(
      { id: profile.id, change: { active } },
      {
        onError: notifyError,
        onSuccess: () => {
          setDialog(null);
          notifySuccess(active ? `${profile.name} is enabled` : `${profile.name} is disabled`);
        },
      },
    );
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <ConnectorLogo
            name={profile.connector_label ?? profile.connector_key}
            url={profile.logo_url}
            size={28}
          />
          <div>
            <Group gap="xs">
              <Text fw={600} size="sm">
                {profile.name}
              </Text>
              {profile.default && (
                <Badge size="sm" variant="default">
                  Default
                </Badge>
              )}
            </Group>
            <Text size="xs" c="dimmed">
              {profile.connector_label ?? profile.connector_key}{" "}
              {profile.connector_version ?? "not installed"}
              {profile.connector_pinned_version && ` · pinned to ${profile.connector_pinned_version}`}
              {profile.connector_owner === "custom" && " · custom"}
            </Text>
            {isPhone && (
              <Text size="xs" c="dimmed">
                {method} · {profile.environment} · Actions: {actions}
              </Text>
            )}
            {profile.alarm && (
              <Text size="xs" c="var(--mantine-color-error)" role="status">
                {toSentence(profile.alarm.message)} First reported{" "}
                <Timestamp at={profile.alarm.since} inherit />.
              </Text>
            )}
          </div>
        </Group>
      </Table.Td>
      {!isPhone && (
        <>
          <Table.Td>
            <Text size="sm">{method}</Text>
          </Table.Td>
          <Table.Td>
            <Text size="sm">{profile.environment}</Text>
          </Table.Td>
          <Table.Td>
            <Text size="sm">{actions}</Text>
          </Table.Td>
        </>
      )}
      <Table.Td>
        <Switch
          aria-label={`Enable ${profile.name}`}
          checked={profile.active}
          disabled={patch.isPending}
          onChange={(event) => (event.currentTarget.checked ? setActive(true) : setDialog("disable"))}
        />
      </Table.Td>
      <Table.Td>
        <ProfileMenu
          profile={profile}
          onEdit={() => setDialog("edit")}
          onDelete={() => setDialog("delete")}
        />
        <ProfileDialog
          opened={dialog === "edit"}
          connector={null}
          profile={profile}
          onClose={() => setDialog(null)}
        />
        <DeleteProfile profile={profile} opened={dialog === "delete"} onClose={() => setDialog(null)} />
        <ConfirmDialog
          opened={dialog === "disable"}
          title={`Disable ${profile.name}?`}
          action="Disable profile"
          busy={patch.isPending}
          error={null}
          onClose={() => setDialog(null)}
          onConfirm={() => setActive(false)}
        >
          Until you enable the profile again, calls with its accounts fail (status 412) and no new accounts
          can be linked. Nothing is deleted.
        </ConfirmDialog>
      </Table.Td>
    </Table.Tr>
  );
}

function ProfileMenu({
  profile,
  onEdit,
  onDelete,
}: {
  profile: Profile;
  onEdit: () => void;
  onDelete: () => void;
}) {
  const patch = usePatchProfile();
  const clipboard = useClipboard();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="lg" aria-label={`Actions for ${profile.name}`}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={onEdit}>
          Edit
        </Menu.Item>
        <Menu.Item
          leftSection={<IconStar size={16} aria-hidden />}
          disabled={profile.default}
          onClick={() =>
            patch.mutate(
              { id: profile.id, change: { default: true } },
              { onError: notifyError, onSuccess: () => notifySuccess(`${profile.name} is now the default`) },
            )
          }
        >
          Make default
        </Menu.Item>
        <Menu.Item
          leftSection={<IconCopy size={16} aria-hidden />}
          onClick={() => {
            clipboard.copy(profile.id);
            notifySuccess("Connector profile ID copied");
          }}
        >
          Copy connector profile ID
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={onDelete}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function DeleteProfile({
  profile,
  opened,
  onClose,
}: {
  profile: Profile;
  opened: boolean;
  onClose: () => void;
}) {
  const remove = useDeleteProfile();
  return (
    <ConfirmDialog
      opened={opened}
      title={`Delete ${profile.name}?`}
      action="Delete profile"
      busy={remove.isPending}
      error={remove.error}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      onConfirm={() =>
        remove.mutate(profile.id, {
          onSuccess: () => {
            notifySuccess(`${profile.name} was deleted`);
            onClose();
          },
        })
      }
    >
      You cannot delete a profile while accounts use it. Delete or move those accounts first, or disable the
      profile instead.
    </ConfirmDialog>
  );
}
