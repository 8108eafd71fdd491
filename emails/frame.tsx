import type { CSSProperties, ReactNode } from "react";
import { Head, Html, Preview, render, Section, Text } from "react-email";

/**
 * The colours of the site by day, as in app/globals.css; mail clients know no variables. They are written in each
 * element, for clients that drop style sheets. Each text has a contrast of at least 4.5 to 1.
 */
export const colors = {
  page: "#f4efe4",
  card: "#fdfaf3",
  ink: "#1b2520",
  muted: "#57605a",
  line: "#ddd4c1",
  accent: "#1d4b3d",
  onAccent: "#fbf6ea",
  brass: "#c8993f",
};

/** The same by night, for clients that ask. */
const darkMode = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  @media (prefers-color-scheme: dark) {
    .page { background-color: #0e1512 !important; }
    .card { background-color: #16201b !important; border-color: #2b3730 !important; }
    .ink { color: #efe8d8 !important; }
    .muted, .muted a { color: #a5aea4 !important; }
    .rule { border-color: #2b3730 !important; }
    .code { background-color: #0b110e !important; border-color: #2b3730 !important; color: #efe8d8 !important; }
    .button { background-color: #e2b763 !important; border-color: #e2b763 !important; color: #1d1606 !important; }
  }
  @media (max-width: 480px) {
    .margin { padding: 16px 8px !important; }
    .card { padding: 28px 20px 24px !important; }
    .foot { padding: 20px 21px 8px !important; }
    .button { display: block !important; }
  }
`;

export const fonts = {
  display: "Literata, Charter, 'Iowan Old Style', Georgia, 'Times New Roman', serif",
  text: "'Golos Text', -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
};

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
        {/* The sender and the subject say it; without a title, screen readers say the address of the file. */}
        <title>{siteName}</title>
        <style>{darkMode}</style>
      </Head>
      <Preview>{preview}</Preview>
      <body className="page" style={{ backgroundColor: colors.page, margin: 0, padding: 0 }}>
        <Preview>{preview}</Preview>
        <Sheet
          className="page margin"
          style={{ backgroundColor: colors.page, padding: "32px 12px" }}
        >
          <Column>
            <Sheet className="card" style={card}>
              <Letterhead siteName={siteName} />
              {children}
            </Sheet>
            <Sheet className="foot" style={{ padding: "20px 41px 8px" }}>
              <Text className="muted" style={small}>
                {footer}
              </Text>
            </Sheet>
          </Column>
        </Sheet>
      </body>
    </Html>
  );
}

type Part = { className: string; style: CSSProperties; children: ReactNode };

/** A table of one cell: what every mail program can colour and pad. */
function Sheet({ className, style, children }: Part) {
  return (
    <table role="presentation" width="100%" cellPadding={0} cellSpacing={0} border={0}>
      <tbody>
        <tr>
          <td className={className} style={style}>
            {children}
          </td>
        </tr>
      </tbody>
    </table>
  );
}

/** The middle of the mail, as wide as a line is good to read. */
function Column({ children }: { children: ReactNode }) {
  return (
    <table
      role="presentation"
      align="center"
      width="100%"
      cellPadding={0}
      cellSpacing={0}
      border={0}
      style={{ margin: "0 auto", maxWidth: 520 }}
    >
      <tbody>
        <tr>
          <td style={{ fontFamily: fonts.text, textAlign: "start" }}>{children}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** The mark is a cell with a round top, because pictures are remote content; where corners stay sharp it is still a door. */
function Letterhead({ siteName }: { siteName: string }) {
  return (
    <Section style={{ marginBottom: 28 }}>
      <table role="presentation" cellPadding={0} cellSpacing={0} border={0}>
        <tbody>
          <tr>
            <td
              width={20}
              height={26}
              style={{
                backgroundColor: colors.accent,
                borderRadius: "10px 10px 0 0",
                color: colors.brass,
                fontSize: 14,
                lineHeight: "26px",
                textAlign: "center",
              }}
              aria-hidden="true"
            >
              &#9679;
            </td>
            <td width={12} />
            <td
              className="ink"
              style={{
                color: colors.ink,
                fontFamily: fonts.display,
                fontSize: 18,
                fontWeight: 600,
                lineHeight: "26px",
              }}
            >
              {siteName}
            </td>
          </tr>
        </tbody>
      </table>
    </Section>
  );
}

const card = {
  backgroundColor: colors.card,
  border: `1px solid ${colors.line}`,
  borderRadius: 6,
  padding: "36px 40px 32px",
};

const small = {
  color: colors.muted,
  fontSize: 13,
  lineHeight: "20px",
  margin: 0,
  overflowWrap: "anywhere" as const,
};
