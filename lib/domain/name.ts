/** A name as it is kept: composed, with single spaces and none at its ends. Empty when nothing was typed. */
export function tidyName(typed: string): string {
  return typed
    .normalize("NFC")
    .replace(/\p{Zs}+/gu, " ")
    .trim();
}

/**
 * Whether a name can be shown: directions and other things that cannot be seen would change the words around it, or leave
 * nothing of it.
 * @param longest in UTF-16 units, as forms count them
 */
export function isName(text: string, longest: number): boolean {
  const hasLetters = /[\p{L}\p{N}\p{P}\p{S}]/u.test(
    text.replace(/\p{Default_Ignorable_Code_Point}/gu, ""),
  );
  return (
    hasLetters &&
    text.length <= longest &&
    !/[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Bidi_Control}\u2028\u2029]/u.test(text)
  );
}
