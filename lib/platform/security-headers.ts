type Site = {
  https: boolean;
  allowedOrigins: string[];
  /** Allows the scripts of this one page. */
  nonce: string;
  /** React's development build evaluates code that it makes. */
  isDevelopment?: boolean;
};

/** The headers of every answer (ASVS 3.4). */
export function securityHeaders(site: Site) {
  return {
    "content-security-policy": contentSecurityPolicy(site),
    "x-content-type-options": "nosniff",
    // The link's secret is in an address: no other site may learn it.
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy":
      "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
    ...(site.https && { "strict-transport-security": "max-age=63072000; includeSubDomains" }),
  };
}

function contentSecurityPolicy({ https, allowedOrigins, nonce, isDevelopment }: Site): string {
  return [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ""}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    // Browsers hold the redirect after a form to it as well, and signing in may lead to an allowed origin.
    `form-action ${["'self'", ...allowedOrigins].join(" ")}`,
    "frame-ancestors 'none'",
    ...(https ? ["upgrade-insecure-requests"] : []),
  ].join("; ");
}
