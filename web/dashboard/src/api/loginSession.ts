/** The login session: queries, login, logout and password. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { loginSessionKey } from "../app/queryClient.ts";
import { api, dataOf, type LoginSession } from "./client.ts";

export const useLoginSessionQuery = () =>
  useQuery({
    queryKey: loginSessionKey,
    queryFn: () => dataOf(api.GET("/auth/session")),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The session of the logged-in member; `AuthGate` provides it. */
export const LoginSessionContext = createContext<LoginSession | null>(null);

export function useLoginSession(): LoginSession {
  const session = useContext(LoginSessionContext);
  if (session === null) throw new Error("useLoginSession needs a component inside AuthGate");
  return session;
}

export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { login_token: string } | { password: string }) =>
      dataOf(api.POST("/auth/login", { body })),
    onSuccess: async (session) => {
      // A response from before the login must not overwrite the new session.
      await client.cancelQueries({ queryKey: loginSessionKey });
      client.setQueryData(loginSessionKey, session);
    },
  });
}

export function useLogout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.POST("/auth/logout"),
    onSuccess: () => {
      // Removes all loaded data from this tab; the session is loaded again.
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== loginSessionKey[0] });
      return client.invalidateQueries({ queryKey: loginSessionKey });
    },
  });
}

export function useSetPassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { password: string; current_password?: string }) =>
      api.PUT("/auth/password", { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: loginSessionKey }),
  });
}
