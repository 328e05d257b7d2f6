/** Makes a connector profile, or changes one. */

import { Button, Checkbox, Modal, PasswordInput, Select, Stack, Text, TextInput } from "@mantine/core";
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
import { ErrorState } from "../../ui/ErrorState.tsx";
import { notifyDone } from "../../ui/notify.ts";
import { Prose } from "../../ui/Prose.tsx";
import { ActionPicker } from "./ActionPicker.tsx";
import { emptyProfileForm, formOf, newProfile, profileChange } from "./profileForm.ts";
import { Scopes } from "./Scopes.tsx";
import { LATEST, pinOptions } from "./versionPins.ts";

interface Props {
  opened: boolean;
  /** The connector of a new profile, when it is known. */
  connector: string | null;
  /** The profile to change; none makes a new one. */
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
    {props.opened && <ProfileEditor {...props} />}
  </Modal>
);

function ProfileEditor({ connector, profile, onClose }: Props) {
  const [form, setForm] = useState(() => (profile === null ? emptyProfileForm(connector) : formOf(profile)));
  const connectors = useConnectors();
  const detail = useConnector(form.connector ?? "", form.actions);
  const versions = useConnectorVersions(form.connector ?? "");
  const actions = useActions(form.connector === null ? {} : { connector: form.connector });
  const create = useCreateProfile();
  const patch = usePatchProfile();
  const methods = form.connector === null ? [] : (detail.data?.authentication ?? []);
  const method = methods.find(({ key }) => key === form.method) ?? methods[0];
  const error = create.error ?? patch.error;
  const change = (part: Partial<typeof form>) => setForm((before) => ({ ...before, ...part }));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const done = () => {
      notifyDone(profile === null ? "The profile is made" : "The profile is saved");
      onClose();
    };
    if (profile !== null) {
      patch.mutate({ id: profile.id, change: profileChange(form, profile) }, { onSuccess: done });
      return;
    }
    const body = newProfile(form);
    if (body !== null) create.mutate(body, { onSuccess: done });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {profile === null && (
          <Text size="sm" c="dimmed">
            A profile is how this project uses a connector: with which method accounts are linked, and which
            actions may run.
          </Text>
        )}
        <Select
          label="Connector"
          placeholder="Choose a connector"
          searchable
          disabled={profile !== null}
          data={(connectors.data ?? []).map((one) => ({ value: one.provider, label: one.provider_name }))}
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
          description="What your team calls it; the connector's name when empty"
          value={form.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        {method?.redirect_uri && (
          <CodeBlock
            label="Redirect URI: enter it in your app at the provider"
            code={method.redirect_uri}
            wrap
          />
        )}
        {(method?.setup_fields ?? []).map((field) => (
          <SetupField
            key={field.key}
            field={field}
            isKept={profile !== null && field.secret}
            value={form.setup[field.key] ?? ""}
            onChange={(value) => change({ setup: { ...form.setup, [field.key]: value } })}
          />
        ))}
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
            description="A new version is used at once by profiles that follow the latest"
            allowDeselect={false}
            data={pinOptions(versions.data ?? [], form.pin)}
            value={form.pin ?? LATEST}
            onChange={(pin) => change({ pin: pin === LATEST ? null : pin })}
          />
        )}
        <Checkbox
          label="The default for its connector"
          description={
            profile?.default
              ? "Make another profile the default to change this"
              : "Sessions that name only the connector use it"
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
        {method !== undefined && <Scopes method={method} />}
        {error !== null && <ErrorState title="It was not saved" error={error} />}
        <DialogActions onCancel={onClose}>
          <Button
            type="submit"
            loading={create.isPending || patch.isPending}
            disabled={form.connector === null}
          >
            {profile === null ? "Create" : "Save"}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}

interface SetupFieldProps {
  field: ConnectorField;
  /** Whether what is stored stays when nothing is typed; it is never shown. */
  isKept: boolean;
  value: string;
  onChange: (value: string) => void;
}

function SetupField({ field, isKept, value, onChange }: SetupFieldProps) {
  const common = {
    label: field.label,
    description: field.description === undefined ? undefined : <Prose text={field.description} />,
    withAsterisk: field.required && !isKept,
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
        isKept ? (field.required ? "Stored; type to replace it" : "Unchanged when empty") : field.placeholder
      }
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
