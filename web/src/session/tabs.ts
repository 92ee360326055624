// What the tabs of one browser tell each other: who has come, and who has left.

import { othersCame, othersLeft } from './owner';

const CHANNEL = 'bionicpro-session';

/** A session that began in this browser, or one that was signed out in it. */
type News = { came: string } | { left: string };

let channel: BroadcastChannel | undefined;

/** Hears the other tabs from now on, and can tell them. */
export function joinTabs(): void {
  channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', ({ data }: MessageEvent<News>) =>
    'came' in data ? othersCame(data.came) : othersLeft(data.left),
  );
}

export function tellTabs(news: News): void {
  channel?.postMessage(news);
}
