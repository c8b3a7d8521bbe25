import picocolors from "picocolors";

/** Colours, or none. */
export interface Paint {
  red(text: string): string;
  green(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
  /** A rendered diagnostic with its first words in colour. */
  diagnostic(rendered: string): string;
}

export function paint(enabled: boolean): Paint {
  const { red, green, yellow, dim, bold } = picocolors.createColors(enabled);
  return {
    red,
    green,
    dim,
    bold,
    diagnostic: (rendered) =>
      rendered.replace(/^(error|warning)(\[\w+\])/, (_, severity: string, code: string) =>
        bold((severity === "error" ? red : yellow)(severity + code)),
      ),
  };
}

/** NO_COLOR, when set, wins over FORCE_COLOR; else terminals take colours. */
export function takesColors(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR = "", FORCE_COLOR = "", TERM } = process.env;
  if (NO_COLOR !== "") return false;
  if (FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}
