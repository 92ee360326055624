// The API as the pages call it.

export * from './planned';
export { listReports } from './generated/client';
