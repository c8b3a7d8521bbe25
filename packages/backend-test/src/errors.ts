import { CompileError, type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";

const error = (code: string, message: string, more: Partial<Diagnostic>): CompileError =>
  new CompileError({ code, severity: "error", message, span: NO_SPAN, ...more });

export const USAGE =
  "tilewright-kit <module or package> [--json] [--table] [--target <export>] [--threads n] [--runs n] [--seed n]";

/** KIT101: arguments of the command that mean nothing. */
export function badUsage(what: string): CompileError {
  return error("KIT101", `the command cannot be read: ${what}`, { expected: USAGE, actual: what });
}

/** KIT102: a module that is not there, or that throws while it is imported. */
export function notImported(name: string, why: string): CompileError {
  return error("KIT102", `cannot import \`${name}\``, {
    expected: "a JavaScript file, a folder with a package.json, or a package that is installed here",
    actual: why,
    hint: "build the project first; a path begins with `.` or `/`",
  });
}

/** KIT103: a module without the export. */
export function noTarget(name: string, wanted: string, found: readonly string[]): CompileError {
  return error("KIT103", `\`${name}\` exports no \`${wanted}\``, {
    expected: "an export made by `defineTarget` of @tilewright/backend",
    actual: found.length === 0 ? "no export" : `exports ${found.join(", ")}`,
    hint: "name the export with --target",
  });
}

/** KIT104: a target that cannot be tried on this machine. */
export function notUsable(target: string, why: string): CompileError {
  return error("KIT104", `the target \`${target}\` cannot be tried here`, {
    expected: "a device, and a toolchain if the backend needs one",
    actual: why,
  });
}
