import { environment } from "@/lib/platform/environment";
import { requestContext } from "@/lib/platform/request-context";
import { errorTexts as text } from "@/messages/error";

/** The page of a fault of ours. (Next's own are drawn by the browser, and stay blank where scripts do not run.) */
export function renderFaultPage(status: number, path: string): string {
  const detail = status === 503 ? text.unavailable : text.fault;
  return renderProblemPage(detail, { href: path, label: text.again });
}

/** The page for somebody who is signed in and lacks a scope. */
export function renderForbiddenPage(scope: string): string {
  return renderProblemPage(text.forbidden.replace("{scope}", () => scope));
}

/** The page of an answer that is not a success: no script, style sheet or database, since any may be what is missing. */
export function renderProblemPage(
  detail: string,
  { href, label }: { href: string; label: string } = { href: "/", label: text.home },
): string {
  const requestId = requestContext()?.requestId;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${text.title} · ${escapeHtml(environment().siteName)}</title>
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
  <p>${escapeHtml(detail)}</p>
  <a href="${escapeHtml(href)}">${label}</a>
  ${requestId ? `<small>${text.reference.replace("{requestId}", requestId)}</small>` : ""}
</main>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
