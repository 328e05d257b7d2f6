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

/** Follows the newest version: what no pin means too. */
export const LATEST = "latest";

const RELEASE = /^(\d+)\.(\d+)\.\d+$/;

/**
 * The latest, each major and minor version, each version. A pin that is set stays among them, also where nothing fits
 * it any more.
 */
export function pinOptions(versions: readonly ConnectorVersion[], current: string | null): PinOption[] {
  const latest = versions.find((one) => one.latest)?.version;
  const options = new Map([[LATEST, latest === undefined ? "Latest" : `Latest (${latest} now)`]]);
  const releases = versions.map(({ version }) => RELEASE.exec(version)).filter((match) => match !== null);
  for (const [, major] of releases) options.set(`${major}.x.x`, `${major}.x.x: the newest ${major}`);
  for (const [, major, minor] of releases) {
    options.set(`${major}.${minor}.x`, `${major}.${minor}.x: the newest ${major}.${minor}`);
  }
  for (const { version, owner } of versions) {
    options.set(
      version,
      owner === "custom" ? `${version}: this version` : `${version}: this version, built in`,
    );
  }
  if (current !== null && !options.has(current)) options.set(current, `${current}: not installed`);
  return [...options].map(([value, label]) => ({ value, label }));
}
