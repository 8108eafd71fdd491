import { defineConfig } from "prisma/config";

const isPostgresql = /^postgres(ql)?:/.test(process.env.DATABASE_URL ?? "");

export default defineConfig({
  schema: isPostgresql ? "prisma/postgresql/schema.prisma" : "prisma/schema.prisma",
  migrations: { path: `prisma/migrations/${isPostgresql ? "postgresql" : "sqlite"}` },
});
