// Messages between the tabs of one browser: sessions that began or ended.

import { othersCame, othersLeft } from './owner';

const CHANNEL = 'bionicpro-session';

/** A session that began in this browser, or one that was signed out in it. */
type News = { came: string } | { left: string };

let channel: BroadcastChannel | undefined;

/** Opens the channel: from now on messages are received, and can be sent. */
export function joinTabs(): void {
  channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', ({ data }: MessageEvent<News>) =>
    'came' in data ? othersCame(data.came) : othersLeft(data.left),
  );
}

export function tellTabs(news: News): void {
  channel?.postMessage(news);
}
