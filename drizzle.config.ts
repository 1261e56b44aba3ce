import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: ["./src/postgres/tables.ts", "./src/features/*/store/tables.ts"],
  out: "./migrations",
});
