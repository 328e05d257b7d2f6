import { expect, test } from "vitest";
import { parseConnectorEvents, parseHeaders } from "./events.ts";

test("events of connectors are read from lines and commas, each once", () => {
  expect(parseConnectorEvents(" a:b ,c:*\n\n*:*,a:b")).toEqual(["a:b", "c:*", "*:*"]);
  expect(parseConnectorEvents(" \n")).toEqual([]);
});

test("headers are lines of a name and a value", () => {
  expect(parseHeaders("Authorization: Bearer a:b\n\n x-key:1 ")).toEqual({
    headers: { Authorization: "Bearer a:b", "x-key": "1" },
  });
  expect(parseHeaders("")).toEqual({ headers: {} });
  expect(parseHeaders("x-key: 1\nnonsense")).toEqual({ wrong: "nonsense" });
  expect(parseHeaders(": 1")).toEqual({ wrong: ": 1" });
});
