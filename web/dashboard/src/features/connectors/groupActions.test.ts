import { expect, test } from "vitest";
import type { Action } from "../../api/connectors.ts";
import { groupByTopic } from "./groupActions.ts";

const action = (id: string, categories: string[], resources: string[] = []): Action => ({
  id,
  label: id,
  description: "",
  schema_type: "native",
  tags: [],
  authentication: [],
  required_scopes: [],
  action_details: {
    action_type: "list",
    details: null,
    categories,
    resources,
    annotations: {
      title: id,
      readOnlyHint: null,
      destructiveHint: null,
      idempotentHint: null,
      openWorldHint: null,
    },
    input_schema: {},
  },
});
const topicsOf = (all: Action[]) =>
  groupByTopic(all).map(({ topic, actions }) => [topic, actions.map(({ id }) => id)]);

test("groups actions by category, otherwise by resource, and lists the others last", () => {
  expect(
    topicsOf([
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

test("puts all actions in one group if none has a topic", () => {
  expect(topicsOf([action("a", [])])).toEqual([["All", ["a"]]]);
});
