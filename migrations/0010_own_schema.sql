-- The first migration of releases that have a schema for their tables. Tables in `public` without it
-- belong to an older release, and are moved before it is applied (src/postgres/public-tables.ts).
-- Written by hand.
COMMENT ON TABLE sluice_migrations IS
  'Sluice has applied these migrations to the tables of this schema; a gateway applies what is missing when it starts.';
