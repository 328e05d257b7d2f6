/**
 * Runs the samples of the documents: shell, Python and TypeScript.
 *
 * A sample reads the server's URL, an API key with every scope, and a linked account of the owner `customer-123` from its
 * environment (`PATCHBAY`, `KEY`, `ACCOUNT`), and finds `patchbay` in its `PATH`. Nothing else of this process's
 * environment reaches it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import ts from "typescript";
import { programsPath } from "./paths.ts";

/** What a program printed, and its exit code. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which samples run. */
export class Workplace {
  readonly folder: string;
  private readonly environment: Record<string, string>;

  private constructor(folder: string, environment: Record<string, string>) {
    this.folder = folder;
    this.environment = environment;
  }

  /** Prepares a folder: `patchbay` is the binary under test. */
  static async prepare(
    folder: string,
    binary: string,
    environment: Record<string, string>,
  ): Promise<Workplace> {
    const programs = join(folder, ".bin");
    await mkdir(programs, { recursive: true });
    await symlink(binary, join(programs, "patchbay"));
    const path = `${programs}:${dirname(process.execPath)}:${programsPath()}`;
    return new Workplace(folder, { PATH: path, HOME: folder, LANG: "C.UTF-8", ...environment });
  }

  /** Writes a file. */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Runs shell commands; the first one that fails ends them. */
  async shell(text: string): Promise<Ended> {
    await this.write("sample.sh", text);
    return ended(this.start("bash", ["-eu", "-o", "pipefail", "sample.sh"]));
  }

  /** Runs a Python program. */
  async python(text: string): Promise<Ended> {
    await this.write("sample.py", text);
    return ended(this.start("python3", ["sample.py"]));
  }

  /** Runs a TypeScript module. Types are removed, not checked. */
  async typescript(text: string): Promise<Ended> {
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await this.write("sample.mjs", outputText);
    return ended(this.start(process.execPath, ["sample.mjs"]));
  }

  /** Starts a program in the folder. */
  start(program: string, options: readonly string[]): ChildProcess {
    const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
    return spawn(program, options, { cwd: this.folder, env: this.environment, stdio });
  }
}

/** Waits until a program ends. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}
