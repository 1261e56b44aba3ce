/** A subject's compatibility and mode: its own, or those of all subjects. */

import {
  allSubjects,
  type Compatibility,
  defaultCompatibility,
  defaultMode,
  type RegistryMode,
  type RegistryStore,
} from "./registry-port.ts";
import { parseSubject } from "./subject.ts";

/** The settings that apply to a subject; `own…` is undefined where it has no own setting. */
export interface Settings {
  readonly compatibility: Compatibility;
  readonly mode: RegistryMode;
  readonly ownCompatibility: Compatibility | undefined;
  readonly ownMode: RegistryMode | undefined;
}

/** `subject` may be `allSubjects`; undefined removes a subject's own setting. */
export interface SubjectSettings {
  settings(subject: string): Promise<Settings>;
  setCompatibility(subject: string, compatibility: Compatibility | undefined): Promise<void>;
  setMode(subject: string, mode: RegistryMode | undefined): Promise<void>;
}

export function createSubjectSettings(store: RegistryStore): SubjectSettings {
  return {
    async settings(subject) {
      const own = await store.settings(settingSubject(subject));
      const all = subject === allSubjects ? own : await store.settings(allSubjects);
      return {
        compatibility: own.compatibility ?? all.compatibility ?? defaultCompatibility,
        mode: own.mode ?? all.mode ?? defaultMode,
        ownCompatibility: own.compatibility,
        ownMode: own.mode,
      };
    },

    async setCompatibility(subject, compatibility) {
      await store.setSettings(settingSubject(subject), { compatibility: compatibility ?? null });
    },

    async setMode(subject, mode) {
      await store.setSettings(settingSubject(subject), { mode: mode ?? null });
    },
  };
}

function settingSubject(name: string): string {
  return name === allSubjects ? name : parseSubject(name);
}
