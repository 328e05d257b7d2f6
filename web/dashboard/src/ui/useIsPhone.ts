/** Whether the window is as narrow as a phone; the limit is the one of `dashboard.css`. */

import { useMediaQuery } from "@mantine/hooks";

export const useIsPhone = (): boolean =>
  useMediaQuery("(max-width: 47.99em)", false, { getInitialValueInEffect: false }) === true;
