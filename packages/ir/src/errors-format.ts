import { type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";
import { error } from "./fault.js";

/** One function a code, sorted. IR5xx text, IR6xx JSON, IR9xx versions. */

/** IR501: a text without its first line. */
export function missingHeader(actual: string, newest: number, span: Span): Diagnostic {
  return error("IR501", "this is no text of Tilewright's IR", span, {
    expected: `the first line \`// tilewright-ir ${newest}\``,
    actual: actual === "" ? "an empty text" : actual,
    hint: "put that line first",
  });
}

/** IR502: something else should stand here. */
export function unexpectedToken(
  expected: string,
  actual: { readonly type: string; readonly text: string },
  span: Span,
): Diagnostic {
  return error("IR502", "the text cannot be read further", span, {
    expected,
    actual: actual.type === "end" ? "the end of the text" : `\`${actual.text}\``,
    hint: "compare with what `print` writes",
  });
}

/** IR503: characters that form no token. */
export function malformedToken(actual: string, expected: string, span: Span): Diagnostic {
  return error("IR503", "characters that form no word", span, {
    expected,
    actual: JSON.stringify(actual),
    hint: "remove them, or end the string",
  });
}

/** IR504: a name that means nothing here, or another kind of thing. */
export function unknownName(name: string, expected: string, actual: string | null, span: Span): Diagnostic {
  return error("IR504", `\`${name}\` is not known here`, span, {
    expected: `the name of a ${expected} that is defined above`,
    actual: actual === null ? "an unknown name" : `the name of a ${actual}`,
    hint: "define it first",
  });
}

/** IR505: a name that is defined twice. */
export function definedTwice(name: string, span: Span): Diagnostic {
  return error("IR505", `\`${name}\` is defined twice`, span, {
    expected: "unique names in a document or function",
    actual: `\`${name}\` again`,
    hint: "rename one",
  });
}

/** IR506: a literal that is no value of its type. */
export function badConstantText(text: string, dtype: string, span: Span): Diagnostic {
  return error("IR506", `${text} is no value of \`${dtype}\``, span, {
    expected: `a value in the range of ${dtype}`,
    actual: text,
    hint: "name another type",
  });
}

/** IR507: nesting beyond what is read. */
export function nestedTooDeep(deepest: number, span: Span): Diagnostic {
  return error("IR507", "the text is nested too deeply", span, {
    expected: `at most ${deepest} levels`,
    actual: "more",
    hint: "use the JSON form, which is flat",
  });
}

/** IR508: another kind of document than was asked for. */
export function wrongDocument(expected: string, actual: string, span: Span): Diagnostic {
  return error("IR508", "another kind of document was asked for", span, {
    expected,
    actual,
    hint: "use `parse`, which reads all kinds",
  });
}

/** IR601: JSON that is no document of the IR. */
export function notADocument(expected: string, actual: string): Diagnostic {
  return error("IR601", "this is no JSON document of Tilewright's IR", NO_SPAN, {
    expected,
    actual,
    hint: "write documents with `encode`",
  });
}

/** IR602: a field of the document that does not hold what it should. */
export function badField(path: string, expected: string, actual: string): Diagnostic {
  return error("IR602", `\`${path}\` does not hold what it should`, NO_SPAN, {
    expected,
    actual,
    hint: "the document is damaged: write it again with `encode`",
  });
}

/** IR603: a reference to a node that is not there, comes later, or is of another kind. */
export function badReference(path: string, expected: string, actual: string): Diagnostic {
  return error("IR603", `\`${path}\` refers to no node that may stand there`, NO_SPAN, {
    expected,
    actual,
    hint: "the document is damaged: write it again with `encode`",
  });
}

/** IR604: the document holds another kind of thing than was asked for. */
export function wrongRoot(expected: string, actual: string): Diagnostic {
  return error("IR604", "the document holds another kind of program", NO_SPAN, {
    expected,
    actual,
    hint: "use `decode`, which reads all kinds",
  });
}

/** IR605: a node of a kind that is not known: new kinds come without a new version. */
export function unknownKind(path: string, actual: string): Diagnostic {
  return error("IR605", `\`${path}\` is no kind of node that this \`@tilewright/ir\` knows`, NO_SPAN, {
    expected: "a kind of node",
    actual,
    hint: "upgrade `@tilewright/ir` if a newer one wrote the document; otherwise it is damaged: write it again with `encode`",
  });
}

/** IR901: a version that this writer does not know. */
export function cannotWrite(actual: number, newest: number): Diagnostic {
  return error("IR901", `version ${actual} of the IR's format cannot be written`, NO_SPAN, {
    expected: versions(newest),
    actual: `version ${actual}`,
    hint: "leave `version` out, or upgrade `@tilewright/ir` where it is to be newer",
  });
}

/** IR902: a document of a version that this reader does not know. */
export function newerVersion(actual: number, newest: number, span: Span): Diagnostic {
  return error("IR902", `version ${actual} of the IR's format is newer than this \`@tilewright/ir\``, span, {
    expected: versions(newest),
    actual: `version ${actual}`,
    hint: `upgrade \`@tilewright/ir\` here, or write the document with \`encode(program, { version: ${newest} })\` there`,
  });
}

/** IR903: a program that an older version has no words for. */
export function notInVersion(what: string, version: number, newest: number, span: Span): Diagnostic {
  return error("IR903", `version ${version} of the IR's format cannot say ${what}`, span, {
    expected: `a program that version ${version} can say`,
    actual: what,
    hint: `write version ${newest} and upgrade the reader, or do without it`,
  });
}

function versions(newest: number): string {
  return newest === 1 ? "version 1" : `version 1 to ${newest}`;
}
