// @vitest-environment node
/** The client's types are those that `npm run api` makes of the server's document; else they were forgotten. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const WEB = fileURLToPath(new URL("../..", import.meta.url));
const CLIENT = "shared/src/api.gen.ts";

const run = (program: string, args: string[], input = ""): string =>
  execFileSync(`${WEB}/node_modules/.bin/${program}`, args, {
    cwd: WEB,
    encoding: "utf8",
    input,
    maxBuffer: 32 * 1024 * 1024,
  });

test("the API's client is as fresh as the API's document", () => {
  const made = run("openapi-typescript", ["../docs/openapi.json"]);
  const formatted = run("biome", ["check", "--write", `--stdin-file-path=${CLIENT}`], made);
  const stored = readFileSync(`${WEB}/${CLIENT}`, "utf8");
  expect(formatted === stored, "docs/openapi.json has changed: run `npm run api` in web/").toBe(true);
}, 60_000);
