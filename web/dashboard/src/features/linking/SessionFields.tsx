/** The fields of a connect session, shared by both ways to link: the owner, the connector and the type. */

import { Input, SegmentedControl, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useProfiles } from "../../api/connectors.ts";
import type { SessionForm, SessionProblems } from "./sessionForm.ts";

interface Props {
  form: SessionForm;
  problems: SessionProblems;
  onChange: (change: Partial<SessionForm>) => void;
}

/** Returns the connectors that have an enabled profile, once each. */
export function useLinkable(): { value: string; label: string }[] {
  const profiles = useProfiles();
  const active = (profiles.data ?? []).filter((profile) => profile.active);
  const labels = new Map(
    active.map((profile) => [profile.connector_key, profile.connector_label ?? profile.connector_key]),
  );
  return [...labels].map(([value, label]) => ({ value, label }));
}

export function SessionFields({ form, problems, onChange }: Props) {
  const linkable = useLinkable();
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Owner ID"
          description="Your ID for the customer"
          placeholder="customer-123"
          withAsterisk
          value={form.ownerId}
          error={problems.ownerId}
          onChange={(event) => onChange({ ownerId: event.currentTarget.value })}
          data-autofocus
        />
        <TextInput
          label="Owner name"
          description="The customer's name"
          placeholder="Acme"
          withAsterisk
          value={form.ownerName}
          error={problems.ownerName}
          onChange={(event) => onChange({ ownerName: event.currentTarget.value })}
        />
        <TextInput
          label="Username"
          description="The person who links the account, for example an email address"
          value={form.username}
          onChange={(event) => onChange({ username: event.currentTarget.value })}
        />
        <Select
          label="Connector"
          description="Leave empty to let the customer choose"
          placeholder="Any"
          clearable
          data={linkable}
          value={form.connector}
          onChange={(connector) => onChange({ connector })}
        />
      </SimpleGrid>
      <div>
        <Input.Label component="div" mb={4} id="session-type">
          Type
        </Input.Label>
        <SegmentedControl
          aria-labelledby="session-type"
          data={[
            { value: "production", label: "Production" },
            { value: "test", label: "Test" },
          ]}
          value={form.type}
          onChange={(type) => onChange({ type: type === "test" ? "test" : "production" })}
        />
      </div>
    </Stack>
  );
}
