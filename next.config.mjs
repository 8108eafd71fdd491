import { PHASE_PRODUCTION_SERVER } from "next/constants.js";

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
    "react-email",
  ],
};

/** @param {string} phase */
export default async function configure(phase) {
  // The plugin only does work for the build, and loading it would slow down every start.
  if (phase === PHASE_PRODUCTION_SERVER) return config;
  const { default: createNextIntlPlugin } = await import("next-intl/plugin");
  return createNextIntlPlugin("./lib/web/i18n.ts")(config);
}
