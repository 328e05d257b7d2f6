/** Checks the signature of a delivery by Standard Webhooks, in the browser: nothing leaves it. */

export interface SignedDelivery {
  secret: string;
  id: string;
  timestamp: string;
  signature: string;
  body: string;
}

export interface SignatureVerdict {
  fits: boolean;
  /** What fits, or which part does not. */
  message: string;
}

const TOLERANCE_SECONDS = 300;

const wrong = (message: string): SignatureVerdict => ({ fits: false, message });

/** Returns the bytes of a base64 text; null if it is none. */
function decoded(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Returns whether a signature fits, and if not, why. */
export async function checkSignature(delivery: SignedDelivery, now: Date): Promise<SignatureVerdict> {
  const { secret, id, timestamp, signature, body } = delivery;
  const key = secret.startsWith("whsec_") ? decoded(secret.slice("whsec_".length)) : null;
  if (key === null || key.length === 0) {
    return wrong("The secret is not one of a webhook: it begins with whsec_ and continues in base64.");
  }
  if (id === "") return wrong("webhook-id is empty.");
  if (!/^\d+$/.test(timestamp)) return wrong("webhook-timestamp is not a number of seconds.");
  const parts = signature.split(" ").filter((part) => part.startsWith("v1,"));
  if (parts.length === 0) return wrong("webhook-signature has no signature that begins with v1,.");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["verify"]);
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const verified = await Promise.all(
    parts.map(async (part) => {
      const found = decoded(part.slice("v1,".length));
      return found !== null && (await crypto.subtle.verify("HMAC", imported, found, signed));
    }),
  );
  if (!verified.includes(true)) {
    return wrong(
      "No signature fits: the secret is another one, or the id, the time or a byte of the body differs. Paste the body as it arrived, before it was parsed.",
    );
  }
  const age = Math.abs(now.getTime() / 1000 - Number(timestamp));
  return age > TOLERANCE_SECONDS
    ? {
        fits: true,
        message:
          "The signature fits. The attempt is more than five minutes old, so a receiver refuses it now.",
      }
    : { fits: true, message: "The signature fits." };
}
