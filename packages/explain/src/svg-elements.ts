/** Attributes of an element; numbers are rounded to hundredths. */
export type SvgAttributes = { readonly [name: string]: string | number };

/** Text as it may stand in XML; characters that XML 1.0 does not have are left out. */
export function escapeXml(text: string): string {
  const allowed = [...text].filter((character) =>
    /[\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(character),
  );
  const names: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return allowed.map((character) => names[character] ?? character).join("");
}

/** An element with content that is XML already. */
export function element(name: string, attributes: SvgAttributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    const text = typeof value === "number" ? String(Math.round(value * 100) / 100) : escapeXml(value);
    return ` ${key}="${text}"`;
  });
  return content.length === 0
    ? `<${name}${written.join("")}/>`
    : `<${name}${written.join("")}>${content.join("")}</${name}>`;
}

/** One line of text; what is longer than `width` (in characters of a fixed width) ends with an ellipsis. */
export function textLine(
  x: number,
  y: number,
  text: string,
  attributes: SvgAttributes = {},
  width = Number.POSITIVE_INFINITY,
): string {
  const shown = text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
  return element("text", { x, y, ...attributes }, escapeXml(shown));
}
