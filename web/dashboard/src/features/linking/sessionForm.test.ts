import { expect, test } from "vitest";
import { emptySessionForm, sessionProblems, sessionRequest } from "./sessionForm.ts";

const filled = { ...emptySessionForm, ownerId: " c-1 ", ownerName: "Acme", connector: "spotdraft" };

test("requires an owner", () => {
  expect(Object.keys(sessionProblems(emptySessionForm))).toEqual(["ownerId", "ownerName"]);
  expect(sessionProblems({ ...filled, ownerName: "  " })).toHaveProperty("ownerName");
  expect(sessionProblems(filled)).toEqual({});
});

test("omits empty fields", () => {
  expect(sessionRequest(filled, false)).toEqual({
    origin_owner_id: "c-1",
    origin_owner_name: "Acme",
    provider: "spotdraft",
    type: "production",
  });
});

test("sends the expiry of a link", () => {
  const form = {
    ...filled,
    username: "ada@acme.test",
    connector: null,
    type: "test" as const,
    expiresIn: "3600",
  };
  expect(sessionRequest(form, true)).toEqual({
    origin_owner_id: "c-1",
    origin_owner_name: "Acme",
    origin_username: "ada@acme.test",
    type: "test",
    expires_in: 3600,
  });
});
