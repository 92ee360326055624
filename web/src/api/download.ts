// Saves a response as a file. A plain link cannot send the header that every call needs.

import { send } from './call';

/** Downloads `url` under the file name that the server gives, or `fallbackName`. */
export async function download(url: string, fallbackName: string): Promise<void> {
  const response = await send(url);
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const object = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = object;
  link.download = name ?? fallbackName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(object), 60_000);
}
