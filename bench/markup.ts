/** What a twin shows: the same elements as the site, written out as a component each. */
export type Markup = { source: string };

const componentNames = { home: "Home", private: "Private" } as const;

/**
 * @param pages the HTML of two pages of the site, as it answered
 * @param email of the person who is signed in: a twin writes its own there
 */
export function markupOf(
  pages: Record<keyof typeof componentNames, string>,
  email: string,
): Markup {
  const components = Object.entries(pages).map(([page, html]) => {
    const name = componentNames[page as keyof typeof pages];
    const parameters = page === "private" ? "{ email }: { email: string }" : "";
    const jsx = jsxOf(html).replace(addressAsDrawn(email), "{email}");
    return `export function ${name}(${parameters}) {\n  return <>${jsx}</>;\n}\n`;
  });
  return { source: components.join("\n") };
}

/** An address may be broken before its parts. */
function addressAsDrawn(email: string): RegExp {
  const parts = email.split(/(?=[@.])/).map((part) => part.replace(".", "\\."));
  return new RegExp(parts.join("(?:<wbr />)?"), "g");
}

/** React's own HTML as JSX again. It writes all attributes with quotation marks, and nothing that is not closed but these. */
function jsxOf(html: string): string {
  const [, body = ""] = /<body[^>]*>(.*?)<script/s.exec(html) ?? [];
  const drawings: string[] = [];
  return (
    body
      .replace(/<div hidden="">.*?<\/div>/s, "")
      .replace(/<!--.*?-->/gs, "")
      .replace(/<(img|input|br|hr|wbr)((?:\s[^>]*?)?)\/?>/g, "<$1$2 />")
      .replaceAll(/[{}]/g, (brace) => `{"${brace}"}`)
      // The site, too, puts its large drawings into the page as one text.
      .replace(/(<svg[^>]*)>((?:(?!<\/svg>).){1000,})<\/svg>/gs, (_, open, drawing) => {
        const index = drawings.push(JSON.stringify({ __html: drawing })) - 1;
        return `${open} data-drawing="${index}" />`;
      })
      .replace(/<[a-zA-Z][^<>]*>/g, (tag) => tag.replace(/\s([a-z-]+)=(?=")/g, propOf))
      .replace(
        /data-drawing="(\d+)"/g,
        (_, index) => `dangerouslySetInnerHTML={${drawings[Number(index)]}}`,
      )
  );
}

function propOf(_: string, attribute: string): string {
  const known: Record<string, string> = {
    class: "className",
    for: "htmlFor",
    tabindex: "tabIndex",
    autocomplete: "autoComplete",
  };
  const name = known[attribute] ?? attribute;
  const isPlain = /^(aria|data)-/.test(name);
  return ` ${isPlain ? name : name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}=`;
}
