import { expect, test } from "vitest";
import type { Account } from "../../api/client.ts";
import type { Connector } from "../../api/connectors.ts";
import { type Found, type FoundAction, isRunId, keyOf, namesOf, type Option, optionsFor } from "./options.ts";

const RUN = "018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f";
const NONE: Found = { accounts: [], connectors: [], actions: [], docs: [] };

const account = { id: "a1", label: null, owner_name: "Acme", connector: "spotdraft" } as Account;
const connector = { provider: "spotdraft", provider_name: "SpotDraft" } as Connector;
const action = (id: string, label: string) => ({ id, label, connector_key: "spotdraft" }) as FoundAction;
const docs = { path: "/docs/guides/accounts" } as Found["docs"][number];

const kinds = (options: Option[]) => options.map(({ kind }) => kind);

test("without a text, the pages are offered whatever was found before", () => {
  const options = optionsFor("  ", { ...NONE, accounts: [account], connectors: [connector], docs: [docs] });
  expect(new Set(kinds(options))).toEqual(new Set(["page"]));
});

test("what the instance has is before the documentation, whose search is last", () => {
  const found = {
    accounts: [account],
    connectors: [connector],
    actions: [action("spotdraft_list_contracts", "List contracts")],
    docs: [docs],
  };
  expect(kinds(optionsFor("spotdraft", found))).toEqual(["account", "connector", "action", "docs", "all"]);
  expect(kinds(optionsFor("accounts", { ...found, accounts: [] }))).toEqual(["page", "docs", "all"]);
});

test("an action is offered only if its name has the words, in any order and by their beginnings", () => {
  const actions = [
    action("spotdraft_list_contracts", "List contracts"),
    action("x_void", "Void an envelope"),
  ];
  const ids = (query: string) =>
    optionsFor(query, { ...NONE, actions }).flatMap((option) =>
      option.kind === "action" ? [option.action.id] : [],
    );
  expect(ids("contr list")).toEqual(["spotdraft_list_contracts"]);
  expect(ids("spotdraft_list_con")).toEqual(["spotdraft_list_contracts"]);
  expect(ids("ontracts")).toEqual([]);
  expect(ids("cancel")).toEqual([]);
});

test("the ID of a run is offered as its log", () => {
  for (const text of [RUN, ` ${RUN.toUpperCase()} `]) {
    expect(optionsFor(text, NONE)[0]).toEqual({ kind: "run", id: RUN });
  }
  for (const text of ["", RUN.slice(1), `${RUN}0`, RUN.replaceAll("-", ""), `run ${RUN}`, "g".repeat(36)]) {
    expect(isRunId(text), text).toBe(false);
  }
});

test("at most five of a kind are offered", () => {
  const many = Array.from({ length: 20 }, (_, at) => action(`spotdraft_list_${at}`, `List ${at}`));
  expect(kinds(optionsFor("list", { ...NONE, actions: many }))).toEqual([...Array(5).fill("action"), "all"]);
});

test("options of different kinds never have the same key", () => {
  const same = { ...account, id: "spotdraft" } as Account;
  const options = optionsFor("spotdraft", {
    ...NONE,
    accounts: [same],
    connectors: [connector],
    actions: [action("spotdraft", "SpotDraft")],
  });
  expect(new Set(options.map(keyOf)).size).toBe(options.length);
});

test("an account is named by its label, otherwise its owner, with its connector", () => {
  const option = (part: Partial<Account>) => ({ kind: "account", account: { ...account, ...part } }) as const;
  expect(namesOf(option({}))).toEqual(["Account · spotdraft", "Acme"]);
  expect(namesOf(option({ label: "EU", connector_name: "SpotDraft" }))).toEqual([
    "Account · SpotDraft",
    "EU",
  ]);
});
