import { PrismaAdapter } from "@auth/prisma-adapter";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { PrismaPg } from "@prisma/adapter-pg";
import NextAuth from "next-auth";
import Nodemailer from "next-auth/providers/nodemailer";
import { PrismaClient } from "./client/client";
import { PrismaClient as PostgresqlClient } from "./client-postgresql/client";

const url = process.env.DATABASE_URL ?? "";

export const prisma = url.startsWith("file:")
  ? new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: url.slice("file:".length) }) })
  : (new PostgresqlClient({
      adapter: new PrismaPg({ connectionString: url }),
    }) as unknown as PrismaClient);

export const { handlers, auth } = NextAuth({
  adapter: PrismaAdapter(prisma),
  providers: [Nodemailer({ server: process.env.SMTP_URL ?? "", from: "sign-in@example.org" })],
  trustHost: true,
  callbacks: {
    session: ({ session, user }) => ({ ...session, user: { ...session.user, id: user.id } }),
  },
});
