/** Shows a fallback when a component throws; retrying mounts the children again. */

import { Component, type ReactNode } from "react";

interface Props {
  children: ReactNode;
  fallback: (retry: () => void) => ReactNode;
}

export class ErrorBoundary extends Component<Props, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true };
  }

  override render(): ReactNode {
    if (!this.state.crashed) return this.props.children;
    return this.props.fallback(() => this.setState({ crashed: false }));
  }
}
