/**
 * Chooses a connector: search, categories, and a list that supports the arrow keys. In the search box, Arrow Down moves
 * to the list; Arrow Up on the first row moves back.
 */

import { categoryName } from "@patchbay/web-shared/category.ts";
import { type KeyboardEvent, type ReactNode, useId, useMemo, useRef, useState } from "react";
import type { ConnectorProfile } from "../api/types.ts";
import { useAnnouncement } from "../ui/Announcer.tsx";
import { ConnectorLogo } from "../ui/ConnectorLogo.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Screen } from "../ui/Screen.tsx";

/** Returns the text that distinguishes several profiles of one connector; null if there is only one. */
function detailOf(profile: ConnectorProfile, all: readonly ConnectorProfile[]): string | null {
  const { name, integration_name: profileName, authentication_config_label: method, environment } = profile;
  const isAmbiguous = all.filter((other) => other.name === name).length > 1;
  // An unnamed profile has the connector's name, which does not help.
  const parts = [profileName === name ? null : profileName, method, environment];
  return isAmbiguous ? parts.filter(Boolean).join(" · ") || null : null;
}

export function filterProfiles(
  all: readonly ConnectorProfile[],
  search: string,
  category: string | null,
): ConnectorProfile[] {
  const terms = search.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((profile) => {
    if (category !== null && profile.type !== category) return false;
    const { name, provider, description, type } = profile;
    const text = [name, provider, description, type].join(" ").toLowerCase();
    return terms.every((term) => text.includes(term));
  });
}

interface Props {
  profiles: ConnectorProfile[];
  ownerName: string | null;
  onPick: (profile: ConnectorProfile) => void;
  footer: ReactNode;
}

export function PickerScreen({ profiles, ownerName, onPick, footer }: Props) {
  const [search, setSearch] = useState("");
  const [category, setCategory] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const searchId = useId();

  const categories = useMemo(
    () => [...new Set(profiles.flatMap((found) => (found.type ? [found.type] : [])))].sort(),
    [profiles],
  );
  const found = filterProfiles(profiles, search, category);
  const count = found.length === 1 ? "1 connector" : `${found.length} connectors`;
  useAnnouncement(found.length === 0 ? "No connectors found" : count);

  const rows = (): HTMLButtonElement[] => [...(list.current?.querySelectorAll("button") ?? [])];

  const onListKey = (event: KeyboardEvent): void => {
    const all = rows();
    const current = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (next < 0) searchBox.current?.focus();
    else all[Math.min(next, all.length - 1)]?.focus();
  };

  const onSearchKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      rows()[0]?.focus();
    }
    if (event.key === "Escape" && search !== "") {
      event.stopPropagation();
      setSearch("");
    }
  };

  return (
    <Screen
      title="Connect an account"
      subtitle={ownerName ? `For ${ownerName}. Choose what to connect.` : "Choose what to connect."}
    >
      <div className="picker-search">
        <label className="visually-hidden" htmlFor={searchId}>
          Search connectors
        </label>
        <Icon name="search" />
        <input
          id={searchId}
          ref={searchBox}
          type="search"
          placeholder="Search connectors"
          autoComplete="off"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={onSearchKey}
        />
      </div>
      {categories.length > 1 && (
        <fieldset className="pills">
          <legend className="visually-hidden">Category</legend>
          {categories.map((key) => (
            <button
              key={key}
              type="button"
              className="pill"
              aria-pressed={category === key}
              onClick={() => setCategory(category === key ? null : key)}
            >
              {categoryName(key)}
            </button>
          ))}
        </fieldset>
      )}
      {found.length === 0 ? (
        <div className="picker-empty">
          <p className="picker-empty-title">No connectors found</p>
          <p>No connector matches your search.</p>
          <button
            type="button"
            className="button"
            onClick={() => {
              setSearch("");
              setCategory(null);
              searchBox.current?.focus();
            }}
          >
            Show all connectors
          </button>
        </div>
      ) : (
        <ul ref={list} className="picker-list" onKeyDown={onListKey}>
          {found.map((profile) => (
            <PickerRow
              key={profile.integration_id}
              profile={profile}
              detail={detailOf(profile, profiles)}
              onPick={onPick}
            />
          ))}
        </ul>
      )}
      {footer}
    </Screen>
  );
}

interface RowProps {
  profile: ConnectorProfile;
  detail: string | null;
  onPick: (profile: ConnectorProfile) => void;
}

function PickerRow({ profile, detail, onPick }: RowProps) {
  const { name, logo_url, type, description } = profile;
  return (
    <li>
      <button type="button" className="picker-row" onClick={() => onPick(profile)}>
        <ConnectorLogo name={name} url={logo_url} size={36} />
        <span className="picker-names">
          <span className="picker-name">
            {name}
            {detail && <span className="picker-detail">{detail}</span>}
          </span>
          {description && <span className="picker-description">{description}</span>}
        </span>
        {type && <span className="tag">{categoryName(type)}</span>}
        <Icon name="chevron" />
      </button>
    </li>
  );
}
