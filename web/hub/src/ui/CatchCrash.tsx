/** Shows a screen instead of an empty page when a component throws; trying again mounts it anew. */

import { Component, type ReactNode } from "react";

interface Props {
  children: ReactNode;
  fallback: (retry: () => void) => ReactNode;
}

export class CatchCrash extends Component<Props, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true };
  }

  override render(): ReactNode {
    if (!this.state.crashed) return this.props.children;
    return this.props.fallback(() => this.setState({ crashed: false }));
  }
}
