// Starts the app: loads the strings, then renders.

import './design/tokens.css';
import './design/base.css';

import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { onSessionEnded } from './api/call';
import { client } from './app/client';
import { router } from './app/router';
import { browserLanguage, speak } from './i18n/i18n';
import { keepInStep } from './offline/keep';
import { registerWorker } from './offline/register';
import { preferencesQuery } from './preferences/preferences';
import { meQuery } from './session/me';
import { markEnded, pageState } from './session/owner';
import { joinTabs } from './session/tabs';

async function start(root: HTMLElement): Promise<void> {
  onSessionEnded(markEnded);
  joinTabs();
  // Both are requested before anything is rendered: the first numbers depend on them.
  void client.prefetchQuery(meQuery).then(() => pageState().owner && client.prefetchQuery(preferencesQuery));
  await speak(browserLanguage());
  keepInStep(client);
  registerWorker();
  // A page from the back/forward cache would show the data of a person who has signed out.
  window.addEventListener('pageshow', (event) => event.persisted && window.location.reload());
  createRoot(root).render(
    <StrictMode>
      <I18nProvider i18n={i18n}>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </I18nProvider>
    </StrictMode>,
  );
}

const root = document.getElementById('root');
if (root !== null) {
  void start(root);
}
