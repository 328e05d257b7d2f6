/** The dialog that creates or edits a connector profile. */

import { Alert, Button, Checkbox, Modal, PasswordInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Profile } from "../../api/client.ts";
import {
  type ConnectorField,
  useActions,
  useConnector,
  useConnectors,
  useConnectorVersions,
  useCreateProfile,
  usePatchProfile,
} from "../../api/connectors.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { DialogActions } from "../../ui/DialogActions.tsx";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { InlineCodeText } from "../../ui/InlineCodeText.tsx";
import { notifySuccess } from "../../ui/notify.ts";
import { ActionPicker } from "./ActionPicker.tsx";
import {
  changedAddressField,
  createProfileRequest,
  emptyProfileForm,
  profileToForm,
  updateProfileRequest,
} from "./profileForm.ts";
import { RequiredScopes } from "./RequiredScopes.tsx";
import { LATEST, pinOptions } from "./versionPins.ts";

interface Props {
  opened: boolean;
  /** The connector of a new profile; null lets the user choose. */
  connector: string | null;
  /** The profile to edit; null creates a new one. */
  profile: Profile | null;
  onClose: () => void;
}

export const ProfileDialog = (props: Props) => (
  <Modal
    opened={props.opened}
    onClose={props.onClose}
    size="lg"
    closeOnClickOutside={false}
    title={props.profile === null ? "Create a connector profile" : `Edit ${props.profile.name}`}
  >
    {props.opened && <ProfileFormFields {...props} />}
  </Modal>
);

function ProfileFormFields({ connector, profile, onClose }: Props) {
  const [form, setForm] = useState(() =>
    profile === null ? emptyProfileForm(connector) : profileToForm(profile),
  );
  const connectors = useConnectors();
  const detail = useConnector(form.connector ?? "", form.actions);
  const versions = useConnectorVersions(form.connector ?? "");
  const actions = useActions(form.connector === null ? {} : { connector: form.connector });
  const create = useCreateProfile();
  const patch = usePatchProfile();
  const methods = form.connector === null ? [] : (detail.data?.authentication ?? []);
  const method = methods.find(({ key }) => key === form.method) ?? methods[0];
  const error = create.error ?? patch.error;
  const changedAddress = changedAddressField(method?.setup_fields ?? [], form, profile);
  const change = (part: Partial<typeof form>) => setForm((before) => ({ ...before, ...part }));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const done = () => {
      notifySuccess(profile === null ? "Connector profile created" : "Connector profile saved");
      onClose();
    };
    if (profile !== null) {
      patch.mutate({ id: profile.id, change: updateProfileRequest(form, profile) }, { onSuccess: done });
      return;
    }
    const body = createProfileRequest(form);
    if (body !== null) create.mutate(body, { onSuccess: done });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {profile === null && (
          <Text size="sm" c="dimmed">
            A connector profile defines how this project uses a connector: the authentication method of its
            accounts, and the actions that may run. <DocsLink to={DOCS.profiles} />
          </Text>
        )}
        <Select
          label="Connector"
          placeholder="Choose a connector"
          searchable
          disabled={profile !== null}
          data={(connectors.data ?? []).map(({ provider, provider_name: name }) => ({
            value: provider,
            label: name,
          }))}
          value={form.connector}
          onChange={(key) => setForm(emptyProfileForm(key))}
        />
        {methods.length > 1 && (
          <Select
            label="Authentication method"
            disabled={profile !== null}
            allowDeselect={false}
            data={methods.map(({ key, label }) => ({ value: key, label }))}
            value={method?.key ?? null}
            onChange={(key) => change({ method: key, setup: {} })}
          />
        )}
        <TextInput
          label="Name"
          placeholder={detail.data?.provider_name ?? ""}
          description="For your team. Leave empty to use the connector's name."
          value={form.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        {method?.redirect_uri && (
          <Stack gap="xs">
            <CodeBlock
              label="Redirect URI (enter it in your OAuth app at the provider)"
              code={method.redirect_uri}
              wrap
            />
            <Text size="sm">
              <DocsLink to={DOCS.oauthApps} />
            </Text>
          </Stack>
        )}
        {(method?.setup_fields ?? [])
          .filter(({ display }) => display !== false)
          .map((field) => (
            <SetupField
              key={field.key}
              field={field}
              isStored={profile !== null && field.secret && changedAddress === null}
              value={form.setup[field.key] ?? ""}
              onChange={(value) => change({ setup: { ...form.setup, [field.key]: value } })}
            />
          ))}
        {changedAddress !== null && (
          <Alert color="yellow" title="Enter the secrets again" role="status">
            {changedAddress.label} decides where the secrets of this profile are sent, and you have changed
            it. For security, enter them again, or restore the former value. Its accounts must be reconnected
            afterwards.
          </Alert>
        )}
        {(method?.environments.length ?? 0) > 1 && (
          <Select
            label="Environment"
            allowDeselect={false}
            data={(method?.environments ?? []).map(({ key, name }) => ({ value: key, label: name }))}
            value={form.environment ?? method?.environments[0]?.key ?? null}
            onChange={(environment) => change({ environment })}
          />
        )}
        {form.connector !== null && (
          <Select
            label="Version"
            description={
              <>
                Profiles that follow the latest version use a new version immediately.{" "}
                <DocsLink to={DOCS.versions} />
              </>
            }
            allowDeselect={false}
            data={pinOptions(versions.data ?? [], form.pin)}
            value={form.pin ?? LATEST}
            onChange={(pin) => change({ pin: pin === LATEST ? null : pin })}
          />
        )}
        <Checkbox
          label="Default for this connector"
          description={
            profile?.default
              ? "To change this, make another profile the default."
              : "Used by connect sessions that specify only the connector."
          }
          disabled={profile?.default === true}
          checked={form.isDefault}
          onChange={(event) => change({ isDefault: event.currentTarget.checked })}
        />
        {actions.data !== undefined && form.connector !== null && (
          <ActionPicker
            actions={actions.data}
            chosen={form.actions}
            onChange={(chosen) => change({ actions: chosen })}
          />
        )}
        {method !== undefined && <RequiredScopes method={method} />}
        {error !== null && <ErrorState title="Could not save the connector profile" error={error} />}
        <DialogActions onCancel={onClose}>
          <Button
            type="submit"
            loading={create.isPending || patch.isPending}
            disabled={form.connector === null}
          >
            {profile === null ? "Create profile" : "Save"}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}

interface SetupFieldProps {
  field: ConnectorField;
  /** Whether the server has a value, which is never shown and stays unless a new one is typed. */
  isStored: boolean;
  value: string;
  onChange: (value: string) => void;
}

function SetupField({ field, isStored, value, onChange }: SetupFieldProps) {
  const common = {
    label: field.label,
    description: field.description === undefined ? undefined : <InlineCodeText text={field.description} />,
    withAsterisk: field.required && !isStored,
    value,
  };
  if (field.options !== undefined && field.options.length > 0) {
    return <Select {...common} data={field.options} onChange={(chosen) => onChange(chosen ?? "")} />;
  }
  const Input = field.secret || field.type === "password" ? PasswordInput : TextInput;
  return (
    <Input
      {...common}
      autoComplete="off"
      placeholder={
        isStored
          ? field.required
            ? "Stored. Enter a new value to replace it."
            : "Leave empty to keep the stored value."
          : field.placeholder
      }
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
