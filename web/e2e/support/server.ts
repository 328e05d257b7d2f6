/**
 * One real Patchbay: a process on a free port with a data directory of its own and the sandbox on.
 *
 * It is stopped by its own pid and leaves no directory behind. What it wrote to standard error is kept,
 * so that a failing start says why and tests can look for secrets in it.
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

/** Longest wait for the line that says where it listens. The machine may be busy with a build. */
const START_TIMEOUT_MS = 60_000;

/** Longest wait for the process to drain after SIGTERM before it is killed. */
const STOP_TIMEOUT_MS = 20_000;

/** A running server. */
export interface Server {
  /** Its origin, such as `http://127.0.0.1:43817`. */
  readonly url: string;
  /** The API key of its first project. */
  readonly apiKey: string;
  /** Everything it has written to standard error so far. */
  log(): string;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** Starts the binary with further options and waits until it says that it listens. */
export async function startServer(binary: string, options: readonly string[] = []): Promise<Server> {
  await access(binary, constants.X_OK).catch(() => {
    throw new Error(
      `There is no patchbay binary at ${binary}. Build it with \`cargo build --profile fast --bin patchbay\`, ` +
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

/** Reads standard output up to its one line. */
async function listeningAt(child: ChildProcess, log: () => string): Promise<string> {
  if (child.stdout === null) throw new Error("the server's standard output is not piped");
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => String(text)),
    once(child, "exit").then(([code]) => {
      throw new Error(`patchbay ended at once (exit code ${code}). It said:\n${log()}`);
    }),
    once(child, "error").then(([error]) => {
      throw error;
    }),
    new Promise<never>((_resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`patchbay did not say where it listens. It said:\n${log()}`)),
        START_TIMEOUT_MS,
      );
      timer.unref();
    }),
  ]);
  const match = /^listening on (http:\/\/\S+)$/.exec(line);
  if (match?.[1] === undefined) throw new Error(`unexpected first line on standard output: ${line}`);
  return match[1];
}

/** SIGTERM by pid, then SIGKILL for one that does not end. */
async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
