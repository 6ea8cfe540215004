/**
 * What a user has asked of a job, by the names of the command's options (`split-type`): the one vocabulary of settings, which
 * the API's members and the job's variables are translated to. Values have passed the checks of their table.
 */
export interface JobWishes {
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** The value of a setting that is a whole number. */
  number(name: string): number | undefined;
}

/** Wishes that can be kept: a plain record, a switch that is on as `true`. */
export function storedWishes(values: Readonly<Record<string, string>>): JobWishes {
  const text = (name: string): string | undefined => (Object.hasOwn(values, name) ? values[name] : undefined);
  return {
    has: (name) => text(name) !== undefined,
    text,
    number: (name) => {
      const value = text(name);
      return value === undefined ? undefined : Number(value);
    },
  };
}
