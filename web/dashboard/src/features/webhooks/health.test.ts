import { expect, test } from "vitest";
import type { DeliveryState } from "../../api/webhooks.ts";
import { DELIVERY_STATES, deliveryStateOf, type HealthState, healthOf } from "./health.ts";

test("each state has a label of its own", () => {
  expect(new Set(DELIVERY_STATES.map((state) => deliveryStateOf(state).label)).size).toBe(3);
  expect(healthOf("open").label).toBe("Waiting");
});

test("a state of a newer server is shown by its name", () => {
  expect(healthOf("resting" as HealthState)).toMatchObject({ label: "resting", color: "gray" });
  expect(deliveryStateOf("lost" as DeliveryState).meaning).toBe("The state is lost.");
});
