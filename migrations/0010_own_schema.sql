-- The first migration of releases whose tables are in a schema of their own, `sluice` unless a setting
-- says otherwise: a database without it in `public` was made by an older release, and its tables are
-- moved before this runs (src/postgres/public-tables.ts). Written by hand.
COMMENT ON TABLE sluice_migrations IS
  'Sluice has applied these migrations to the tables of this schema; a gateway applies what is missing when it starts.';
