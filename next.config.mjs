import { PHASE_PRODUCTION_SERVER } from "next/constants.js";

/** @type {import("next").NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  agentRules: false,
  // `requireScope` answers 403 by Next's `forbidden()`.
  experimental: { authInterrupts: true },
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

/** @param {string} phase */
export default async function configure(phase) {
  // The plugin only does work for the build, and loading it would slow down every start.
  if (phase === PHASE_PRODUCTION_SERVER) return config;
  const { default: createNextIntlPlugin } = await import("next-intl/plugin");
  return createNextIntlPlugin("./lib/web/i18n.ts")(config);
}
