import type { ReactNode } from "react";
import { Body, Container, Head, Html, Preview, render, Text } from "react-email";

/** Colours of the site; mail clients know no variables. Each pair has a contrast of at least 4.5 to 1. */
export const colors = {
  page: "#f6f4ee",
  card: "#fffdf9",
  ink: "#1c2420",
  muted: "#5a645d",
  line: "#e2ddd0",
  accent: "#1f5141",
  onAccent: "#ffffff",
};

const fontFamily =
  "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** Clients that know it turn to dark; the others keep the light colours, which are written in each element. */
const darkMode = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  @media (prefers-color-scheme: dark) {
    .page { background-color: #121714 !important; }
    .card { background-color: #1b221e !important; border-color: #323b35 !important; }
    .ink { color: #eeece4 !important; }
    .muted { color: #a9b2aa !important; }
    .code { background-color: #121714 !important; border-color: #323b35 !important; color: #eeece4 !important; }
  }
`;

type Frame = { preview: string; siteName: string; footer: string; children: ReactNode };

/** The frame of every mail of the site: no remote content, nothing that counts who reads it. */
export function renderFrame(frame: Frame): Promise<string> {
  return render(<MailFrame {...frame} />);
}

function MailFrame({ preview, siteName, footer, children }: Frame) {
  return (
    <Html lang="en" dir="ltr">
      <Head>
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <style>{darkMode}</style>
      </Head>
      <Preview>{preview}</Preview>
      <Body
        className="page"
        style={{ backgroundColor: colors.page, margin: 0, padding: "32px 12px", fontFamily }}
      >
        <Container
          className="card"
          style={{
            backgroundColor: colors.card,
            border: `1px solid ${colors.line}`,
            borderRadius: 12,
            maxWidth: 520,
            padding: "28px 28px 20px",
          }}
        >
          <Text
            className="muted"
            style={{ color: colors.muted, fontSize: 14, fontWeight: 600, margin: "0 0 16px" }}
          >
            {siteName}
          </Text>
          {children}
        </Container>
        <Container style={{ maxWidth: 520, padding: "16px 28px" }}>
          <Text
            className="muted"
            style={{ color: colors.muted, fontSize: 12, lineHeight: "18px", margin: 0 }}
          >
            {footer}
          </Text>
        </Container>
      </Body>
    </Html>
  );
}
