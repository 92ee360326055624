// Caches the app's own files on the device, so that it opens without a network. It never touches responses of the API
// or the session endpoints: what a wearer has read is kept by the page, and removed at sign-out.

declare const self: ServiceWorkerGlobalScope & {
  /** All files of this build, prepended to this file by scripts/finish.mjs. */
  FILES: string[];
  BUILD: string;
};

const CACHE = `app-${self.BUILD}`;
/** The only document, served for every URL of the app. */
const DOCUMENT = '/';
/** Ignores `Vary` (cookies, encodings): a cached file does not differ by it. */
const BY_ADDRESS = { ignoreVary: true };
const ASSETS = '/assets/';
const NOT_THE_APP = ['/api/', '/auth/', '/health', '/metrics'];

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([DOCUMENT, ...self.FILES]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (
    request.method !== 'GET' ||
    url.origin !== self.location.origin ||
    NOT_THE_APP.some((path) => url.pathname.startsWith(path))
  ) {
    return;
  }
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(() => kept(DOCUMENT)));
  } else if (url.pathname.startsWith(ASSETS)) {
    event.respondWith(caches.match(request, BY_ADDRESS).then((found) => found ?? fetch(request)));
  } else {
    event.respondWith(fetch(request).catch(() => kept(url.pathname)));
  }
});

async function kept(path: string): Promise<Response> {
  return (await caches.match(path, BY_ADDRESS)) ?? Response.error();
}

export {};
