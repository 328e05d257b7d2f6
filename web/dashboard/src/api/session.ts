/** The login session: queries, login, logout and password. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { sessionKey } from "../app/queryClient.ts";
import { api, dataOf, type Session } from "./client.ts";

export const useSessionQuery = () =>
  useQuery({
    queryKey: sessionKey,
    queryFn: () => dataOf(api.GET("/auth/session")),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The session of the logged-in member; `AuthGate` provides it. */
export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession needs a component inside AuthGate");
  return session;
}

export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { login_token: string } | { password: string }) =>
      dataOf(api.POST("/auth/login", { body })),
    onSuccess: async (session) => {
      // A response from before the login must not overwrite the new session.
      await client.cancelQueries({ queryKey: sessionKey });
      client.setQueryData(sessionKey, session);
    },
  });
}

export function useLogout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.POST("/auth/logout"),
    onSuccess: () => {
      // Removes all loaded data from this tab; the session is loaded again.
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
      return client.invalidateQueries({ queryKey: sessionKey });
    },
  });
}

export function useSetPassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { password: string; current_password?: string }) =>
      api.PUT("/auth/password", { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionKey }),
  });
}
