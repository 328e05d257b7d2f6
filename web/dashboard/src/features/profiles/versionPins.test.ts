import { expect, test } from "vitest";
import { pinOptions } from "./versionPins.ts";

const version = (number: string, owner = "custom", latest = false) => ({ version: number, owner, latest });

test("pins are the latest, the ranges and the versions", () => {
  const versions = [
    version("1.2.0", "custom", true),
    version("1.1.0"),
    version("2.0.0-rc.1"),
    version("1.0.0", "patchbay"),
  ];
  expect(pinOptions(versions, null)).toEqual([
    { value: "latest", label: "Latest (1.2.0 now)" },
    { value: "1.x.x", label: "1.x.x: the newest 1" },
    { value: "1.2.x", label: "1.2.x: the newest 1.2" },
    { value: "1.1.x", label: "1.1.x: the newest 1.1" },
    { value: "1.0.x", label: "1.0.x: the newest 1.0" },
    { value: "1.2.0", label: "1.2.0: this version" },
    { value: "1.1.0", label: "1.1.0: this version" },
    { value: "2.0.0-rc.1", label: "2.0.0-rc.1: this version" },
    { value: "1.0.0", label: "1.0.0: this version, built in" },
  ]);
});

test("a pin that nothing fits any more is still shown", () => {
  expect(pinOptions([], "3.x.x")).toEqual([
    { value: "latest", label: "Latest" },
    { value: "3.x.x", label: "3.x.x: not installed" },
  ]);
});
