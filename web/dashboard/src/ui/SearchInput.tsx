/** A search field. */

import { TextInput, type TextInputProps } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";

interface Props extends Omit<TextInputProps, "onChange" | "value"> {
  value: string;
  onSearch: (text: string) => void;
}

export const SearchInput = ({ onSearch, size, ...props }: Props) => (
  <TextInput
    {...props}
    {...(size === undefined ? {} : { size })}
    leftSection={<IconSearch size={size === "xs" ? 14 : 16} aria-hidden />}
    onChange={(event) => onSearch(event.currentTarget.value)}
  />
);
