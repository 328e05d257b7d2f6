import { expect, test } from "vitest";
import { pinOptions } from "./versionPins.ts";

const version = (number: string, owner = "custom", latest = false) => ({ version: number, owner, latest });

test("offers the latest version, the ranges and each version", () => {
  const versions = [
    version("1.2.0", "custom", true),
    version("1.1.0"),
    version("2.0.0-rc.1"),
    version("1.0.0", "patchbay"),
  ];
  expect(pinOptions(versions, null)).toEqual([
    { value: "latest", label: "Latest (currently 1.2.0)" },
    { value: "1.x.x", label: "1.x.x: latest 1.x version" },
    { value: "1.2.x", label: "1.2.x: latest 1.2 version" },
    { value: "1.1.x", label: "1.1.x: latest 1.1 version" },
    { value: "1.0.x", label: "1.0.x: latest 1.0 version" },
    { value: "1.2.0", label: "1.2.0: this version only" },
    { value: "1.1.0", label: "1.1.0: this version only" },
    { value: "2.0.0-rc.1", label: "2.0.0-rc.1: this version only" },
    { value: "1.0.0", label: "1.0.0: this version only (built in)" },
  ]);
});

test("keeps a pin that no installed version matches", () => {
  expect(pinOptions([], "3.x.x")).toEqual([
    { value: "latest", label: "Latest" },
    { value: "3.x.x", label: "3.x.x: not installed" },
  ]);
});
