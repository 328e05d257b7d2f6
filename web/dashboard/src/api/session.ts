/** Who is signed in. */

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

/** The session of whoever is signed in; given by the gate to everything behind it. */
export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession is for pages behind the gate");
  return session;
}

export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { login_token: string } | { password: string }) =>
      dataOf(api.POST("/auth/login", { body })),
    onSuccess: async (session) => {
      // An answer from before the sign-in must not come after it.
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
      // Nothing of what was seen stays in this tab; the session itself is asked for anew.
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
