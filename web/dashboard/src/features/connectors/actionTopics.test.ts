import { expect, test } from "vitest";
import type { Action } from "../../api/connectors.ts";
import { byTopic } from "./actionTopics.ts";

const action = (id: string, categories: string[], resources: string[] = []): Action => ({
  id,
  label: id,
  description: "",
  tags: [],
  required_scopes: [],
  action_details: {
    action_type: "list",
    details: null,
    categories,
    resources,
    annotations: {},
    input_schema: {},
  },
});
const told = (actions: Action[]) =>
  byTopic(actions).map(({ topic, own }) => [topic, own.map(({ id }) => id)]);

test("actions stand by their category, else by their resource, and the rest comes last", () => {
  expect(
    told([
      action("a", []),
      action("b", ["contract_files"]),
      action("c", [], ["users"]),
      action("d", ["contract_files"]),
    ]),
  ).toEqual([
    ["Contract files", ["b", "d"]],
    ["Users", ["c"]],
    ["Other", ["a"]],
  ]);
});

test("without any topic they are simply all", () => {
  expect(told([action("a", [])])).toEqual([["All", ["a"]]]);
});
