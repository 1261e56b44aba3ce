// Which test files share a process.

export interface Group {
  readonly name: string;
  /** Whether its tests measure times, which much else at once would falsify. */
  readonly isMeasured: boolean;
  /** Paths that `bun test` takes as files; without `./` it would look for names that contain them. */
  readonly files: readonly string[];
}

const filesMax = 6;

/** Tests of how long others wait: beside as few others as can be. */
const measured = "test/e2e/streams/";

/** The files of each folder, at most six together; the end-to-end tests first, then other tests, then units. */
export function testGroups(files: readonly string[]): Group[] {
  const folders = Map.groupBy(files.toSorted(byKind), (file) =>
    file.slice(0, file.lastIndexOf("/")),
  );
  return [...folders].flatMap(([folder, inside]) => {
    const parts = Math.ceil(inside.length / filesMax);
    const size = Math.ceil(inside.length / parts);
    return Array.from({ length: parts }, (_, part) => ({
      name: parts === 1 ? folder : `${folder} ${part + 1}/${parts}`,
      isMeasured: `${folder}/`.startsWith(measured),
      files: inside.slice(part * size, (part + 1) * size).map((file) => `./${file}`),
    }));
  });
}

function byKind(a: string, b: string): number {
  return kind(a) - kind(b) || (a < b ? -1 : 1);
}

function kind(file: string): number {
  if (file.startsWith("test/e2e/")) return 0;
  return file.startsWith("test/") ? 1 : 2;
}
