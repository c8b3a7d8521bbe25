const NAME = "[A-Za-z_:][\\w:.-]*";
const ATTRIBUTES = `(?:\\s+${NAME}="(?:[^<&"]|&(?:amp|lt|gt|quot|#\\d+);)*")*`;
const TOKEN = new RegExp(
  `<\\?xml[^?]*\\?>|<(${NAME})(${ATTRIBUTES})\\s*(/?)>|</(${NAME})\\s*>|((?:[^<&]|&(?:amp|lt|gt|quot|#\\d+);)+)`,
  "uy",
);

/** What is wrong with an XML document of elements, attributes and text; empty when nothing is. */
export function wellFormed(document: string): string {
  const open: string[] = [];
  let [roots, position] = [0, 0];
  while (position < document.length) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(document);
    if (match === null) return `no XML at ${JSON.stringify(document.slice(position, position + 60))}`;
    position = TOKEN.lastIndex;
    const [, name, attributes = "", selfClosing, closed, text] = match;
    if (name !== undefined) {
      const names = [...attributes.matchAll(new RegExp(`(${NAME})=`, "gu"))].map(([, each]) => each);
      if (new Set(names).size !== names.length) return `an attribute twice in <${name}>`;
      if (open.length === 0) roots++;
      if (selfClosing !== "/") open.push(name);
    } else if (closed !== undefined) {
      if (open.pop() !== closed) return `</${closed}> closes nothing`;
    } else if (text !== undefined && open.length === 0 && text.trim() !== "") return `text outside: ${text}`;
  }
  if (open.length > 0) return `<${open.at(-1)}> is not closed`;
  return roots === 1 ? "" : `${roots} roots`;
}
