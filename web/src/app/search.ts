// Parses URL parameters strictly: a malformed one counts as absent.

const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
/** The ids of runs: the pipeline's own, and those given by an operator or an orchestrator. */
const RUN = /^[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Returns true if it has the form of a date; the server decides whether such a day exists. */
export function isDate(value: unknown): value is string {
  return typeof value === 'string' && DATE.test(value);
}

export function optionalDate<K extends string>(search: Record<string, unknown>, key: K): { [P in K]?: string } {
  const value = search[key];
  return isDate(value) ? ({ [key]: value } as { [P in K]?: string }) : {};
}

export function optionalId<K extends string>(search: Record<string, unknown>, key: K): { [P in K]?: string } {
  const value = search[key];
  return typeof value === 'string' && UUID.test(value) ? ({ [key]: value } as { [P in K]?: string }) : {};
}

export function optionalRun<K extends string>(search: Record<string, unknown>, key: K): { [P in K]?: string } {
  const value = search[key];
  return typeof value === 'string' && RUN.test(value) ? ({ [key]: value } as { [P in K]?: string }) : {};
}
