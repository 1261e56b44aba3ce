/** The bounds of the registry that are settings. */

export interface RegistryOptions {
  /** What the rules of one record may cost, in steps: some ten milliseconds by default. */
  readonly ruleStepsMax: number;
}

export const defaultRegistryOptions: RegistryOptions = {
  // An item of a list costs about seven.
  ruleStepsMax: 50_000,
};
