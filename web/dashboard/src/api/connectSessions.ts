/** Connect sessions: the permission to link one account, for the Hub in a frame or by auth link. */

import { useMutation } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";

export type ConnectSessionRequest = Omit<Schemas["CreateSession"], "allowed_origins">;

export interface ConnectSession {
  token: string;
  auth_link_url: string;
  expires_at: string;
}

export async function createConnectSession(
  request: ConnectSessionRequest,
  origins: string[] = [],
): Promise<ConnectSession> {
  const body = { ...request, allowed_origins: origins };
  const { token, auth_link_url, expires_at } = await dataOf(api.POST("/connect_sessions", { body }));
  if (!token || !auth_link_url) throw new Error("the server returned no token");
  return { token, auth_link_url, expires_at };
}

export const useCreateConnectSession = () =>
  useMutation({ mutationFn: (request: ConnectSessionRequest) => createConnectSession(request) });
