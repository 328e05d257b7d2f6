/**
 * What stands before everything: whoever is not signed in sees the sign-in, a one-time link signs in by
 * itself, and a member without a password is asked for one (once a visit; it can be put off).
 */

import { Center, Loader } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { chooseProject, rememberedProject } from "../api/client.ts";
import { SessionContext, useLogin, useSessionQuery } from "../api/session.ts";
import { ChoosePassword } from "../features/signin/ChoosePassword.tsx";
import { SignIn } from "../features/signin/SignIn.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { takeLoginToken } from "./loginToken.ts";
import { createAppRouter } from "./router.tsx";

const LATER = "patchbay-password-later";

export function Gate() {
  const session = useSessionQuery();
  const login = useLogin();
  const tried = useRef(false);
  const [later, setLater] = useState(() => sessionStorage.getItem(LATER) === "1");
  const router = useMemo(createAppRouter, []);
  const { mutate } = login;

  useEffect(() => {
    // Strict or not, an effect may run twice; the link works once.
    if (tried.current) return;
    tried.current = true;
    const token = takeLoginToken(window);
    if (token !== null) mutate({ login_token: token });
  }, [mutate]);

  if (session.isPending || login.isPending) {
    return (
      <Center mih="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (session.isError) {
    return (
      <Center mih="100vh" p="md">
        <ErrorState error={session.error} onRetry={() => void session.refetch()} />
      </Center>
    );
  }
  const state = session.data;
  if (!state.signed_in) {
    return (
      <SignIn passwordSet={state.password_set} linkFailure={login.isError ? asFailure(login.error) : null} />
    );
  }
  if (!state.password_set && !later) {
    return (
      <ChoosePassword
        onLater={() => {
          sessionStorage.setItem(LATER, "1");
          setLater(true);
        }}
      />
    );
  }
  const remembered = rememberedProject();
  const chosen = state.projects.find((project) => project.id === remembered) ?? state.projects[0];
  if (chosen !== undefined) chooseProject(chosen.id);
  return (
    <SessionContext.Provider value={{ ...state, project: chosen ?? null }}>
      <RouterProvider router={router} />
    </SessionContext.Provider>
  );
}
