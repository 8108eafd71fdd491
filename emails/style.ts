import { colors, fonts } from "./frame";

/** How the parts of a mail look, as mail programs without style sheets understand it. */

export const heading = {
  color: colors.ink,
  fontFamily: fonts.display,
  fontSize: 28,
  fontWeight: 600,
  letterSpacing: "-0.01em",
  lineHeight: "34px",
  margin: "0 0 24px",
};

export const button = {
  backgroundColor: colors.accent,
  // Clients that lay a dark colour over the ground keep the edge.
  border: `1px solid ${colors.accent}`,
  borderRadius: 6,
  color: colors.onAccent,
  fontSize: 17,
  fontWeight: 600,
  lineHeight: "20px",
  padding: "14px 36px",
  textAlign: "center" as const,
};

export const paragraph = {
  color: colors.ink,
  fontSize: 16,
  lineHeight: "24px",
  margin: "28px 0 10px",
};

/** Somebody's own words: a paragraph among others, in which long addresses break. */
export const prose = { ...paragraph, margin: "0 0 16px", overflowWrap: "anywhere" as const };

export const codeBox = {
  backgroundColor: colors.page,
  border: `1px solid ${colors.line}`,
  borderRadius: 6,
  color: colors.ink,
  fontFamily: fonts.text,
  fontSize: 32,
  fontVariantNumeric: "tabular-nums",
  fontWeight: 600,
  letterSpacing: 9,
  lineHeight: "36px",
  margin: 0,
  // The space after the last digit is made up for in front of the first.
  padding: "16px 8px 16px 17px",
  textAlign: "center" as const,
};

export const small = {
  color: colors.muted,
  fontSize: 14,
  lineHeight: "22px",
  margin: "16px 0 0",
  overflowWrap: "anywhere" as const,
};

export const rule = { borderTop: `1px solid ${colors.line}`, margin: "24px 0 0" };

export const link = { color: colors.muted, textDecoration: "underline" };

export const inkLink = { color: colors.ink, textDecoration: "underline" };
