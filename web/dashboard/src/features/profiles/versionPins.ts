/** The version pins that a connector's versions allow. */

export interface ConnectorVersion {
  version: string;
  owner: string;
  latest: boolean;
}

export interface PinOption {
  value: string;
  label: string;
}

/** Follows the latest version, as if there were no pin. */
export const LATEST = "latest";

const RELEASE = /^(\d+)\.(\d+)\.\d+$/;

/**
 * Returns the possible pins: latest, each major and minor range, and each version. The current pin is always included,
 * even if no installed version matches it.
 */
export function pinOptions(versions: readonly ConnectorVersion[], current: string | null): PinOption[] {
  const latest = versions.find((candidate) => candidate.latest)?.version;
  const options = new Map([[LATEST, latest === undefined ? "Latest" : `Latest (currently ${latest})`]]);
  const releases = versions.map(({ version }) => RELEASE.exec(version)).filter((match) => match !== null);
  for (const [, major] of releases) options.set(`${major}.x.x`, `${major}.x.x: latest ${major}.x version`);
  for (const [, major, minor] of releases) {
    options.set(`${major}.${minor}.x`, `${major}.${minor}.x: latest ${major}.${minor} version`);
  }
  for (const { version, owner } of versions) {
    options.set(
      version,
      owner === "custom" ? `${version}: this version only` : `${version}: this version only (built in)`,
    );
  }
  if (current !== null && !options.has(current)) options.set(current, `${current}: not installed`);
  return [...options].map(([value, label]) => ({ value, label }));
}
