import messages from "@/messages/error.json";

/**
 * The page of a fault: it needs no script, no style sheet and no database, since any of them may be what is missing.
 * (Next's own error pages are drawn by the browser, and stay blank where scripts do not run.)
 * @param path where to try again
 */
export function renderFaultPage(fault: {
  status: 500 | 503;
  siteName: string;
  requestId: string;
  path: string;
}): string {
  const text = messages.en;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${text.title} · ${escapeHtml(fault.siteName)}</title>
<style>
  :root { --page: #f4efe4; --ink: #1b2520; --accent: #1d4b3d; --on-accent: #fbf6ea; }
  @media (prefers-color-scheme: dark) {
    :root { --page: #0e1512; --ink: #efe8d8; --accent: #e2b763; --on-accent: #1d1606; }
  }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.125rem/1.6 system-ui, sans-serif;
    background: var(--page); color: var(--ink); }
  main { max-width: 34rem; padding: 2rem 1.5rem; }
  h1 { font: 600 2.25rem/1.2 Georgia, serif; margin: 0 0 1rem; }
  a { display: inline-block; margin: 1rem 0; padding: 0.6rem 1.4rem; border-radius: 0.375rem; text-decoration: none;
    font-weight: 600; background: var(--accent); color: var(--on-accent); }
  small { display: block; overflow-wrap: anywhere; }
</style>
<main>
  <h1>${text.title}</h1>
  <p>${fault.status === 503 ? text.unavailable : text.fault}</p>
  <a href="${escapeHtml(fault.path)}">${text.again}</a>
  <small>${text.reference.replace("{requestId}", escapeHtml(fault.requestId))}</small>
</main>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
