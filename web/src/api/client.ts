// The API as the pages call it.

export * from './generated/client';
