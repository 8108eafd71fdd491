/** @type {import("next").NextConfig} */
export default {
  poweredByHeader: false,
  agentRules: false,
  typescript: { ignoreBuildErrors: true },
  // The packages are those of the site, which lies elsewhere.
  turbopack: { root: "/" },
  // Both are native code, or load some.
  serverExternalPackages: ["better-sqlite3", "@prisma/adapter-better-sqlite3", "nodemailer"],
};
