// Registers the service worker that caches the app's own files, so that it opens without a network.

interface TrustedTypes {
  createPolicy: (
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ) => { createScriptURL: (url: string) => string };
}

const WORKER = '/worker.js';

/** The delay before the worker is registered: it fetches all files, and the wearer's numbers come first. */
const WORKER_AFTER_MS = 3000;

/** Registers the worker in the built app only: the development server has no fixed files. */
export function registerWorker(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) {
    return;
  }
  const trusted = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
  const policy = trusted?.createPolicy('bionicpro', { createScriptURL: (url) => (url === WORKER ? url : '') });
  const url = policy?.createScriptURL(WORKER) ?? WORKER;
  setTimeout(() => void navigator.serviceWorker.register(url).catch(() => undefined), WORKER_AFTER_MS);
}
