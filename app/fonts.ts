import localFont from "next/font/local";

// A face with a `unicode-range` is fetched when a page has such letters; only the Latin ones are always needed.
// `optional`: a face that comes late waits for the next page, so that no text ever moves under a reader.
// Next reads these calls when it builds, so everything in them has to be written out.

const literata = localFont({
  src: "../node_modules/@fontsource-variable/literata/files/literata-latin-opsz-normal.woff2",
  display: "optional",
  weight: "200 900",
  variable: "--font-literata",
  adjustFontFallback: "Times New Roman",
});

const literataCyrillic = localFont({
  src: "../node_modules/@fontsource-variable/literata/files/literata-cyrillic-opsz-normal.woff2",
  display: "optional",
  weight: "200 900",
  variable: "--font-literata-cyrillic",
  preload: false,
  adjustFontFallback: false,
  declarations: [
    { prop: "unicode-range", value: "U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116" },
  ],
});

const golos = localFont({
  src: "../node_modules/@fontsource-variable/golos-text/files/golos-text-latin-wght-normal.woff2",
  display: "optional",
  weight: "400 900",
  variable: "--font-golos",
  adjustFontFallback: "Arial",
});

const golosCyrillic = localFont({
  src: "../node_modules/@fontsource-variable/golos-text/files/golos-text-cyrillic-wght-normal.woff2",
  display: "optional",
  weight: "400 900",
  variable: "--font-golos-cyrillic",
  preload: false,
  adjustFontFallback: false,
  declarations: [
    { prop: "unicode-range", value: "U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116" },
  ],
});

const golosExtended = localFont({
  src: "../node_modules/@fontsource-variable/golos-text/files/golos-text-latin-ext-wght-normal.woff2",
  display: "optional",
  weight: "400 900",
  variable: "--font-golos-extended",
  preload: false,
  adjustFontFallback: false,
  declarations: [
    {
      prop: "unicode-range",
      value: "U+0100-0130,U+0132-0151,U+0154-02BA,U+1E00-1E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0",
    },
  ],
});

/** The classes that make the typefaces known to `globals.css`. */
export const fontVariables = [literata, literataCyrillic, golos, golosCyrillic, golosExtended]
  .map((font) => font.variable)
  .join(" ");
