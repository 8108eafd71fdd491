import createNextIntlPlugin from "next-intl/plugin";

/** @type {import("next").NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  agentRules: false,
  experimental: {
    // `requireScope` answers 403 by Next's `forbidden()`.
    authInterrupts: true,
    // A server action takes as much as a handler (lib/web/input.ts).
    serverActions: { bodySizeLimit: "64kb" },
    // Nothing is written into the build: it may be read-only, and belongs to several processes.
    isrFlushToDisk: false,
  },
  // Types are checked once, by `npm run check`, and not again at each start.
  typescript: { ignoreBuildErrors: true },
  serverExternalPackages: [
    "better-sqlite3",
    "@prisma/adapter-better-sqlite3",
    "nodemailer",
    "pino",
    "prom-client",
    "react-email",
  ],
};

export default createNextIntlPlugin("./lib/web/i18n.ts")(config);
