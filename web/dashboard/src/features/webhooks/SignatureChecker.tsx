/** The dialog that says whether the signature of a delivery fits. */

import { Alert, Button, Modal, PasswordInput, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { checkSignature, type SignatureVerdict, type SignedDelivery } from "./checkSignature.ts";

const EMPTY: SignedDelivery = { secret: "", id: "", timestamp: "", signature: "", body: "" };

export const SignatureChecker = ({ opened, onClose }: { opened: boolean; onClose: () => void }) => (
  <Modal opened={opened} onClose={onClose} title="Check a signature" size="lg">
    {opened && <CheckerForm />}
  </Modal>
);

function CheckerForm() {
  const [delivery, setDelivery] = useState(EMPTY);
  const [verdict, setVerdict] = useState<SignatureVerdict | null>(null);
  const change = (part: Partial<SignedDelivery>) => {
    setDelivery((before) => ({ ...before, ...part }));
    setVerdict(null);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // Browsers offer cryptography only to pages that came over https, or from this machine.
    setVerdict(
      window.isSecureContext
        ? await checkSignature(delivery, new Date())
        : {
            fits: false,
            message: "This browser checks signatures only on pages that are served over https.",
          },
    );
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Text size="sm">Paste what your receiver got. It is checked in this browser and sent nowhere.</Text>
        <PasswordInput
          label="Secret"
          placeholder="whsec_…"
          autoComplete="off"
          value={delivery.secret}
          onChange={(event) => change({ secret: event.currentTarget.value.trim() })}
          data-autofocus
        />
        <TextInput
          label="webhook-id"
          value={delivery.id}
          onChange={(event) => change({ id: event.currentTarget.value.trim() })}
        />
        <TextInput
          label="webhook-timestamp"
          inputMode="numeric"
          value={delivery.timestamp}
          onChange={(event) => change({ timestamp: event.currentTarget.value.trim() })}
        />
        <TextInput
          label="webhook-signature"
          placeholder="v1,…"
          value={delivery.signature}
          onChange={(event) => change({ signature: event.currentTarget.value.trim() })}
        />
        <Textarea
          label="Body"
          description="The bytes as they arrived"
          autosize
          minRows={4}
          maxRows={12}
          value={delivery.body}
          onChange={(event) => change({ body: event.currentTarget.value })}
        />
        <Button type="submit">Check signature</Button>
        {verdict !== null && (
          <Alert color={verdict.fits ? "teal" : "red"} role={verdict.fits ? "status" : "alert"}>
            {verdict.message}
          </Alert>
        )}
      </Stack>
    </form>
  );
}
