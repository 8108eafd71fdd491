import { betterAuth } from "better-auth";
import { nextCookies } from "better-auth/next-js";
import { magicLink } from "better-auth/plugins/magic-link";
import Database from "better-sqlite3";
import { createTransport } from "nodemailer";
import pg from "pg";

const url = process.env.DATABASE_URL ?? "";
const mails = createTransport({ url: process.env.SMTP_URL ?? "", pool: true });

function openFile(path: string) {
  const database = new Database(path);
  // A commit reaches the disk, as everywhere in this comparison.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  return database;
}

export const auth = betterAuth({
  database: url.startsWith("file:")
    ? openFile(url.slice("file:".length))
    : new pg.Pool({ connectionString: url }),
  // All requests of the load come from one address.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    magicLink({
      sendMagicLink: async ({ email, url: link }) => {
        await mails.sendMail({
          from: "sign-in@example.org",
          to: email,
          subject: "Sign in",
          text: `Sign in:\n${link}\n`,
          html: `<p><a href="${link}">Sign in</a></p>`,
        });
      },
    }),
    nextCookies(),
  ],
});
