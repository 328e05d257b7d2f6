/**
 * A real Patchbay process on a free port, with its own data directory and the sandbox.
 *
 * It is stopped by process ID, and its directory is deleted. Its standard error is recorded, so that a failed start is
 * explained and tests can search it for secrets.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { webDirectory } from "./paths.ts";

/** The credentials that the sandbox accepts. */
export const SANDBOX = { clientId: "sandbox-client-id", clientSecret: "sandbox-client-secret" } as const;

/** How long to wait for the line with the address. The machine may be busy with a build. */
const START_TIMEOUT_MS = 60_000;

/** How long to wait after SIGTERM before the process is killed. */
const STOP_TIMEOUT_MS = 20_000;

/** A running server. */
export interface Server {
  /** The server's origin, for example `http://127.0.0.1:43817`. */
  readonly url: string;
  /** The API key of its first project. */
  readonly apiKey: string;
  /** Returns everything written to standard error so far. */
  log(): string;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/** Starts the binary with additional options and waits until it listens. */
export async function startServer(binary: string, options: readonly string[] = []): Promise<Server> {
  await access(binary, constants.X_OK).catch(() => {
    throw new Error(
      `No patchbay binary found at ${binary}. Build it with \`cargo build --profile fast --bin patchbay\`, ` +
        "or set PATCHBAY_BIN to the one to test.",
    );
  });
  const dataDir = await mkdtemp(join(tmpdir(), "patchbay-e2e-"));
  const apiKey = `v1.local.${randomBytes(24).toString("base64url")}`;
  const screens = webDirectory();
  const child = spawn(
    binary,
    [
      ...["serve", "--listen", "127.0.0.1:0", "--data-dir", join(dataDir, "data"), "--sandbox"],
      ...(screens === undefined ? [] : ["--web-dir", screens]),
      ...options,
    ],
    { env: { PATCHBAY_API_KEY: apiKey }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const stop = async () => {
    await stopProcess(child);
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    return { url: await listeningAt(child, () => log), apiKey, log: () => log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the address from the first line of standard output. */
async function listeningAt(child: ChildProcess, log: () => string): Promise<string> {
  if (child.stdout === null) throw new Error("the server's standard output is not piped");
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => String(text)),
    once(child, "exit").then(([code]) => {
      throw new Error(`patchbay exited immediately (exit code ${code}). Its output:\n${log()}`);
    }),
    once(child, "error").then(([error]) => {
      throw error;
    }),
    new Promise<never>((_resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`patchbay did not print its address. Its output:\n${log()}`)),
        START_TIMEOUT_MS,
      );
      timer.unref();
    }),
  ]);
  const match = /^listening on (http:\/\/\S+)$/.exec(line);
  if (match?.[1] === undefined) throw new Error(`unexpected first line on standard output: ${line}`);
  return match[1];
}

/** Sends SIGTERM, then SIGKILL if the process does not exit. */
async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
