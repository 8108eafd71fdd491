import { createElement, Fragment, type ReactNode } from "react";
import { Button, Heading, Hr, Text } from "react-email";
import { renderFrame } from "./frame";
import { button, codeBox, heading, inkLink, link, paragraph, prose, rule, small } from "./style";

/** A part of a mail, written once for the text part and the HTML part. */
export type Block =
  | { kind: "text" | "note"; text: string }
  /** Somebody's own words: line breaks stay, and web addresses become links. */
  | { kind: "prose"; text: string }
  /** What the mail is for. In the text part, the address stands alone on a line below `lead`. */
  | { kind: "button"; lead: string; label: string; href: string }
  | { kind: "link"; lead: string; label: string; href: string }
  | { kind: "code"; lead: string; code: string }
  | { kind: "rule" };

export type Letter = {
  siteName: string;
  subject: string;
  /** What mail programs show beside the subject. */
  preview: string;
  title: string;
  blocks: Block[];
  footer: string;
};

export type RenderedMail = { subject: string; text: string; html: string };

/** A mail in both parts. */
export async function renderLetter(letter: Letter): Promise<RenderedMail> {
  const { siteName, subject, preview, title, blocks, footer } = letter;
  const text = [title, ...blocks.flatMap(asText), `-- \n${footer}`].join("\n\n");
  const html = await renderFrame({
    siteName,
    preview,
    footer,
    children: (
      <>
        <Heading className="ink" as="h1" style={heading}>
          {title}
        </Heading>
        {inTurn(blocks.map((block) => BlockPart(block)))}
      </>
    ),
  });
  return { subject, text, html };
}

function asText(block: Block): string[] {
  switch (block.kind) {
    case "text":
    case "note":
    case "prose":
      return [block.text];
    case "button":
    case "link":
      return [block.lead, block.href];
    case "code":
      return [block.lead, block.code];
    case "rule":
      return [];
  }
}

function BlockPart(block: Block) {
  switch (block.kind) {
    case "text":
      return (
        <Text className="ink" style={paragraph}>
          {block.text}
        </Text>
      );
    case "note":
      return (
        <Text className="muted" style={small}>
          {block.text}
        </Text>
      );
    case "prose":
      return (
        <Text className="ink" style={prose}>
          {inTurn(withLinks(block.text))}
        </Text>
      );
    case "button":
      return (
        <Button className="button" href={block.href} style={button}>
          {block.label}
        </Button>
      );
    case "link":
      return (
        <Text className="muted" style={small}>
          {block.lead}{" "}
          <a href={block.href} style={link}>
            {block.label}
          </a>
        </Text>
      );
    case "code":
      return (
        <>
          <Text className="ink" style={paragraph}>
            {block.lead}
          </Text>
          <Text className="code" style={codeBox} dir="ltr">
            {block.code}
          </Text>
        </>
      );
    case "rule":
      return <Hr className="rule" style={rule} />;
  }
}

/** What stands in turn and never moves needs no keys, which parts that say the same could not have. */
function inTurn(parts: ReactNode[]): ReactNode {
  return createElement(Fragment, null, ...parts);
}

/** Web addresses as links, and line breaks; everything else is text. A sign that ends a sentence is no part of an address. */
function withLinks(text: string): ReactNode[] {
  return text.split(/(\bhttps?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}»”’])|\n/i).map((part, place) => {
    if (part === undefined) return <br />;
    // What the pattern has caught stands at every other place.
    return place % 2 === 1 && URL.canParse(part) ? webLink(part) : part;
  });
}

function webLink(address: string): ReactNode {
  return (
    <a className="ink" href={address} style={inkLink}>
      {address}
    </a>
  );
}
