// The states of an hour or a day, as the service names them. Each state looks and reads differently everywhere.

export type PointState = 'complete' | 'no_movements' | 'running' | 'newer_than_data' | 'before_first_data';

/** Returns true if the state has a number; there is none if nothing is known. */
export function counted(state: PointState): boolean {
  return state === 'complete' || state === 'running';
}
