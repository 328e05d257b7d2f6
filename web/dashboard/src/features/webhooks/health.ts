/** The meaning of a webhook's health and of a delivery's state. */

import type { Schemas } from "../../api/client.ts";
import type { DeliveryState } from "../../api/webhooks.ts";

export type HealthState = Schemas["WebhookHealthState"];

interface Meaning {
  label: string;
  color: string;
  meaning: string;
}

const HEALTH: Record<HealthState, Meaning> = {
  ok: { label: "OK", color: "teal", meaning: "The receiver accepts deliveries." },
  failing: {
    label: "Failing",
    color: "red",
    meaning: "No delivery has succeeded for an hour. Deliveries are attempted again for three days.",
  },
  open: {
    label: "Waiting",
    color: "yellow",
    meaning: "The last deliveries failed, so further ones wait while single ones are tried.",
  },
  disabled: { label: "Disabled", color: "gray", meaning: "Nothing is delivered." },
};

const DELIVERY: Record<DeliveryState, Meaning> = {
  pending: { label: "Pending", color: "yellow", meaning: "It is attempted, or attempted again later." },
  delivered: { label: "Delivered", color: "teal", meaning: "The receiver accepted it." },
  dead: {
    label: "Dead",
    color: "red",
    meaning: "The last attempt failed. Send it again when it can succeed.",
  },
};

/** The states that the list of deliveries can be filtered by. */
export const DELIVERY_STATES: DeliveryState[] = ["pending", "delivered", "dead"];

const unknown = (name: string): Meaning => ({ label: name, color: "gray", meaning: `The state is ${name}.` });

/** Returns the meaning of a webhook's health. One of a newer server is shown by its wire name. */
export const healthOf = (name: HealthState): Meaning => HEALTH[name] ?? unknown(name);

/** Returns the meaning of a delivery's state. One of a newer server is shown by its wire name. */
export const deliveryStateOf = (name: DeliveryState): Meaning => DELIVERY[name] ?? unknown(name);
