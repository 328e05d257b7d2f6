/**
 * The search of pages, accounts, connectors, actions, calls by ID, and the documentation, as one types. The keyboard stays in
 * the field, and `aria-activedescendant` names the active option (the combobox pattern of the ARIA practices).
 */

import { Modal, Text, TextInput, VisuallyHidden } from "@mantine/core";
import {
  announcement,
  MAX_QUERY_LENGTH,
  nameOf,
  nextActive,
  placeOf,
  searchPage,
  snippetParts,
} from "@patchbay/web-shared/docsSearch.ts";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useState } from "react";
import { keyOf, namesOf, type Option, optionsFor } from "./options.ts";
import { useDocsSearch } from "./useDocsSearch.ts";
import { useInstanceSearch } from "./useInstanceSearch.ts";

interface Props {
  opened: boolean;
  onClose: () => void;
}

export const SearchDialog = ({ opened, onClose }: Props) => (
  <Modal
    opened={opened}
    onClose={onClose}
    title="Search"
    size="lg"
    yOffset="10vh"
    centered={false}
    transitionProps={{ duration: 0 }}
  >
    {opened && <SearchForm onClose={onClose} />}
  </Modal>
);

function SearchForm({ onClose }: { onClose: () => void }) {
  const id = useId();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  // Results arrive one after the other, so an option that was chosen is known by its key and not by its place.
  const [chosen, setChosen] = useState<string | null>(null);
  const { found, failure, isCurrent } = useDocsSearch(text);
  const instance = useInstanceSearch(text);
  const query = text.trim();
  const options = optionsFor(text, { ...instance, docs: found?.results ?? [] });
  // There is always an option. A chosen one that is no longer found leaves the first one active.
  const active = Math.max(
    options.findIndex((option) => keyOf(option) === chosen),
    0,
  );
  const optionId = (at: number) => `${id}-option-${at}`;

  useEffect(() => {
    document.getElementById(`${id}-option-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [id, active]);

  const open = (option: Option | undefined) => {
    if (option === undefined) return;
    onClose();
    switch (option.kind) {
      case "page":
        return void navigate({ to: option.page.to });
      case "run":
        return void navigate({ to: "/logs", search: { run: option.id } });
      case "account":
        return void navigate({ to: "/accounts/$accountId", params: { accountId: option.account.id } });
      case "connector":
        return void navigate({ to: "/connectors/$key", params: { key: option.connector.provider } });
      case "action": {
        const { id: action, connector_key: connector } = option.action;
        return void navigate({ to: "/run", search: { connector, action } });
      }
      case "docs":
        return void window.open(option.result.path, "_blank", "noopener");
      case "all":
        return void window.open(searchPage(option.query), "_blank", "noopener");
    }
  };
  /** Whether an option was found for an older text. */
  const isStale = ({ kind }: Option) =>
    kind === "docs" ? !isCurrent : (kind === "account" || kind === "action") && !instance.isCurrent;
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      const option = options[active];
      // A result of an older text opens only if an arrow key chose it.
      const isGuess = option !== undefined && isStale(option) && keyOf(option) !== chosen;
      open(isGuess ? { kind: "all", query } : option);
      return;
    }
    const next = nextActive(event.key, active, options.length);
    if (next === null) return;
    event.preventDefault();
    const option = options[next];
    setChosen(option === undefined ? null : keyOf(option));
  };

  return (
    <>
      <TextInput
        role="combobox"
        aria-label="Search pages, accounts, actions and documentation"
        aria-autocomplete="list"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={optionId(active)}
        placeholder="Pages, accounts, actions, calls by ID, documentation"
        autoComplete="off"
        spellCheck={false}
        maxLength={MAX_QUERY_LENGTH}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(null);
        }}
        onKeyDown={press}
        data-autofocus
      />
      <div id={`${id}-list`} role="listbox" aria-label="Results" className="pb-search-results">
        {options.map((option, at) => (
          // The keyboard is handled by the field: the options of a combobox do not take the focus.
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above
          // biome-ignore lint/a11y/useFocusableInteractive: see above
          <div
            key={keyOf(option)}
            id={optionId(at)}
            role="option"
            aria-selected={at === active}
            className="pb-search-option"
            onMouseMove={() => setChosen(keyOf(option))}
            onClick={() => open(option)}
          >
            {contentOf(option)}
          </div>
        ))}
      </div>
      {failure !== null && (
        <Text role="alert" c="red" size="sm" mt="sm">
          {failure}
        </Text>
      )}
      {found !== null && found.results.length === 0 && (
        <Text size="sm" c="dimmed" mt="sm">
          The documentation does not contain this.
          {found.suggestion !== null && ` Do you mean “${found.suggestion}”?`}
        </Text>
      )}
      <VisuallyHidden role="status">
        {found === null || !instance.isCurrent ? "" : announcement(options.length - 1)}
      </VisuallyHidden>
    </>
  );
}

function contentOf(option: Option): ReactNode {
  if (option.kind === "page") {
    const { label, icon: Icon } = option.page;
    return (
      <span className="pb-search-name">
        <Icon size={16} stroke={1.6} aria-hidden /> {label}
      </span>
    );
  }
  if (option.kind === "all") return <span>All results for “{option.query}” in the documentation</span>;
  if (option.kind !== "docs") {
    const [kind, name] = namesOf(option);
    return (
      <>
        <span className="pb-search-place">{kind}</span>
        <span className="pb-search-name">{name}</span>
      </>
    );
  }
  const { result } = option;
  return (
    <>
      <span className="pb-search-place">{placeOf(result)}</span>
      <span className="pb-search-name">{nameOf(result)}</span>
      <span className="pb-search-snippet">
        {snippetParts(result.snippet).map(({ text, marked }, at) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text have no other identity
          marked ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>,
        )}
      </span>
    </>
  );
}
