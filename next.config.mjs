import createNextIntlPlugin from "next-intl/plugin";

/** @type {import("next").NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  agentRules: false,
  experimental: {
    // `requireScope` answers 403 by Next's `forbidden()`.
    authInterrupts: true,
    // The page of 404 is drawn for who gets it, and not along with every other.
    globalNotFound: true,
    // A server action takes as much as a handler (lib/web/input.ts).
    serverActions: { bodySizeLimit: "64kb" },
    // Nothing is written into the build: it may be read-only, and belongs to several processes.
    isrFlushToDisk: false,
  },
  // Files that a network of Vercel serves by itself: `server.ts` and `proxy.ts` see none of these requests.
  headers: async () => [
    {
      source: "/_next/static/:path*",
      headers: [
        { key: "x-content-type-options", value: "nosniff" },
        { key: "cross-origin-resource-policy", value: "same-origin" },
      ],
    },
  ],
  // By their names alone the build does not find out that these routes read them.
  outputFileTracingIncludes: {
    "/readyz": ["prisma/migrations/**"],
    "/unavailable": ["prisma/migrations/**"],
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

export default createNextIntlPlugin({
  requestConfig: "./lib/web/i18n.ts",
  // Read when the site is built: pages would take each text apart anew.
  experimental: {
    messages: { path: "./messages", format: "json", locales: "infer", precompile: true },
  },
})(config);
