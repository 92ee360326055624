// The positions of the lowest and the last known values: the two battery readings that people look for.

export interface Extreme {
  index: number;
  value: number;
}

export function lowest(values: readonly (number | null)[]): Extreme | undefined {
  let found: Extreme | undefined;
  values.forEach((value, index) => {
    if (value !== null && (found === undefined || value < found.value)) found = { index, value };
  });
  return found;
}

export function last(values: readonly (number | null)[]): Extreme | undefined {
  const index = values.findLastIndex((value) => value !== null);
  const value = values[index];
  return value === null || value === undefined ? undefined : { index, value };
}
