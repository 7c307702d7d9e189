/**
 * A type of Grafana's as JSON has it: an enum is its values, and what Grafana leaves open (`any`,
 * `unknown`) takes nothing at all, so that it has to be given a type of its own.
 */
export type Plain<T> = unknown extends T
  ? never
  : T extends string
    ? `${T}`
    : T extends number
      ? Numbers<T>
      : T extends boolean | null | undefined
        ? T
        : T extends ReadonlyArray<infer Item>
          ? Plain<Item>[]
          : { [Key in keyof T]: Plain<T[Key]> };

/** The same with everything left out that Grafana has a default for. */
export type Part<T> = unknown extends T
  ? never
  : T extends string | number | boolean | null | undefined
    ? Plain<T>
    : T extends ReadonlyArray<infer Item>
      ? Part<Item>[]
      : { [Key in keyof T]?: Part<T[Key]> };

/** Any number is assignable to an enum of numbers; not so to its values one by one. */
type Numbers<T extends number> = `${T}` extends `${infer Value extends number}` ? Value : never;
