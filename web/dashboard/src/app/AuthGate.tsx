/**
 * Guards the whole app. Shows the login page to visitors who are not logged in, logs in with a one-time link
 * from the address, and asks a member without a password to set one (at most once per browser session).
 */

import { Center, Loader } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { chooseProject, rememberedProject } from "../api/client.ts";
import { LoginSessionContext, useLogin, useLoginSessionQuery } from "../api/loginSession.ts";
import { LoginPage } from "../features/login/LoginPage.tsx";
import { SetPasswordPage } from "../features/login/SetPasswordPage.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { takeLoginToken } from "./loginToken.ts";
import { createAppRouter } from "./router.tsx";

const PASSWORD_SKIPPED_KEY = "patchbay-password-later";

export function AuthGate() {
  const session = useLoginSessionQuery();
  const login = useLogin();
  const linkTried = useRef(false);
  const [passwordSkipped, setPasswordSkipped] = useState(
    () => sessionStorage.getItem(PASSWORD_SKIPPED_KEY) === "1",
  );
  const router = useMemo(createAppRouter, []);
  const { mutate } = login;

  useEffect(() => {
    // React may run an effect twice, but the link works only once.
    if (linkTried.current) return;
    linkTried.current = true;
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
        <ErrorState
          title="Could not load the dashboard"
          error={session.error}
          onRetry={() => void session.refetch()}
        />
      </Center>
    );
  }
  const state = session.data;
  if (!state.signed_in) {
    return (
      <LoginPage
        passwordSet={state.password_set}
        linkFailure={login.isError ? asFailure(login.error) : null}
      />
    );
  }
  if (!state.password_set && !passwordSkipped) {
    return (
      <SetPasswordPage
        onSkip={() => {
          sessionStorage.setItem(PASSWORD_SKIPPED_KEY, "1");
          setPasswordSkipped(true);
        }}
      />
    );
  }
  const lastProject = rememberedProject();
  const project = state.projects.find(({ id }) => id === lastProject) ?? state.projects[0];
  if (project !== undefined) chooseProject(project.id);
  return (
    <LoginSessionContext.Provider value={{ ...state, project: project ?? null }}>
      <RouterProvider router={router} />
    </LoginSessionContext.Provider>
  );
}
