// What can be known of an hour or a day, as the service names it. Each state looks and reads differently everywhere.

export type PointState = 'complete' | 'no_movements' | 'running' | 'newer_than_data' | 'before_first_data';

/** Whether a number stands for the state: there is none where nothing is known. */
export function counted(state: PointState): boolean {
  return state === 'complete' || state === 'running';
}
