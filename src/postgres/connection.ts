/** How every connection of the store is made; each use adds its own bounds. */
export const connectionOptions = {
  // postgres.js would wait 30 s for a connection, and up to 20 s between two attempts: a database
  // that is back would be away for as long again.
  connect_timeout: 5,
  backoff: (attempts: number) => Math.min(0.05 * 2 ** attempts, 1),
  keep_alive: 10,
  // Asking for the array types is a query of postgres.js' own that nobody awaits: a server that
  // goes away during it would end this process. Arrays are passed as literals (`row.ts`).
  fetch_types: false,
  onnotice: () => {},
} as const;
