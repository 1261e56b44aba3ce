/** The bounds of the registry that are settings. */

export interface RegistryOptions {
  /** What the rules of one record may cost, in steps: some ten milliseconds by default. */
  readonly ruleStepsMax: number;
  /** Number of subjects, on all nodes; those whose versions were deleted are counted as well. */
  readonly subjectsMax: number;
  /** Number of versions of all subjects, on all nodes. */
  readonly versionsMax: number;
}

export const defaultRegistryOptions: RegistryOptions = {
  // An item of a list costs about seven.
  ruleStepsMax: 50_000,
  // Several times what large companies have; a list of all is some megabytes.
  subjectsMax: 10_000,
  versionsMax: 50_000,
};
