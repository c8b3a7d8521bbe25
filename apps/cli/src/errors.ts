import { CompileError, type Diagnostic, isNoSpan, NO_SPAN } from "@tilewright/diagnostics";
import { foreignPlace } from "./foreign-place.js";

const error = (code: string, message: string, more: Partial<Diagnostic>): CompileError =>
  new CompileError({ code, severity: "error", message, span: NO_SPAN, ...more });

const startOf = (path: string) => ({ file: path, line: 1, column: 1 });

/** CLI101: a file or package that cannot be read or run. `why`: what it threw, or a reason. */
export function unreadable(path: string, why: unknown): CompileError {
  const place = foreignPlace(why);
  return error("CLI101", `cannot load \`${path}\``, {
    span: isNoSpan(place) ? startOf(path) : place,
    expected: "a file that is there and runs without an error",
    actual: why instanceof Error ? why.message : String(why),
    hint: "try it with Node alone: `node` or `tsx` shows the same error with its place",
  });
}

/** CLI102: a file without kernels. */
export function noKernel(path: string, found: readonly string[]): CompileError {
  return error("CLI102", `\`${path}\` exports no kernel`, {
    span: startOf(path),
    expected: "an export that is a tensor, an array of tensors, or a schedule",
    actual: found.length === 0 ? "no export" : `exports ${found.join(", ")}`,
    hint: "export what `compute` of @tilewright/te or `createSchedule` of @tilewright/schedule gave",
  });
}

/** CLI103: a name that the file does not export, or several kernels where one is needed. */
export function chooseKernel(path: string, asked: string | undefined, names: readonly string[]): CompileError {
  return error(
    "CLI103",
    asked === undefined ? `\`${path}\` exports several kernels` : `\`${path}\` exports no kernel \`${asked}\``,
    {
      span: startOf(path),
      expected: `one of ${names.join(", ")}`,
      actual: asked ?? "none chosen",
      hint: `say which: --kernel ${names[0] ?? "<name>"}`,
    },
  );
}

/** CLI103: kernels that would be written to the same files. */
export function equalNames(path: string, first: string, second: string): CompileError {
  const same = first === second;
  return error("CLI103", same ? `two kernels of one name, \`${first}\`` : `two kernels of one file name`, {
    span: startOf(path),
    expected: "names that differ in letters, digits, `_`, `-` or `.`, not only in capitals or in other characters",
    actual: `\`${first}\` and \`${second}\``,
    hint: "rename one of the exports (a default export is called after its tensor), or keep it in a file of its own",
  });
}

/** CLI104: a target without its tools. */
export function unusableTarget(name: string, details: readonly string[]): CompileError {
  return error("CLI104", `the target \`${name}\` is not usable here`, {
    expected: "a toolchain that is installed and, to run, a device that is there",
    actual: details.join("; "),
    hint: "`tilewright targets` says what is there, and how to install what is not",
  });
}

/** CLI105: a pass that does not run. */
export function noSuchPass(name: string, names: readonly string[]): CompileError {
  return error("CLI105", `there is no pass \`${name}\``, {
    expected: `all, or one of ${names.join(", ")}`,
    actual: name,
    hint: "`--print-ir-after all` shows every pass that changes something",
  });
}

/** CLI106: an input that does not fit its parameter. */
export function badInput(name: string, expected: string, actual: string): CompileError {
  return error("CLI106", `the input \`${name}\` does not fit`, {
    expected,
    actual,
    hint: "give `--input name=file.npy`, `--input name=random`, or `--input name=zeros`",
  });
}

/** CLI107: an .npy file that is none, or of a kind that is not read. */
export function badNpy(path: string, why: string): CompileError {
  return error("CLI107", `cannot read \`${path}\``, {
    span: startOf(path),
    expected: "an .npy file, little-endian, in C order",
    actual: why,
    hint: "write it with numpy.save(path, numpy.ascontiguousarray(array))",
  });
}

/** CLI108: a folder or file that cannot be written. `why`: the system's code and words. */
export function cannotWrite(path: string, why: string): CompileError {
  return error("CLI108", `cannot write \`${path}\``, {
    expected: "a folder that can be made, or one whose files can be replaced",
    actual: why,
    hint: "give another folder: --out <folder>",
  });
}

/** CLI109: a target that is nowhere. `close`: names that may have been meant. */
export function noSuchTarget(name: string, known: readonly string[], close: readonly string[]): CompileError {
  const meant = close.map((each) => `\`${each}\``).join(" or ");
  return error("CLI109", `there is no target \`${name}\``, {
    expected: `${known.join(", ")}, the name of an installed package, or a path that begins with a dot`,
    actual: `no package \`${name}\` is installed`,
    hint:
      meant === ""
        ? "`tilewright targets` lists what is installed; install the package in this folder, or give its path"
        : `did you mean ${meant}?`,
  });
}

/** CLI110: a module that was asked for a target and has none. */
export function noTarget(name: string, found: readonly string[]): CompileError {
  return error("CLI110", `\`${name}\` exports no target`, {
    span: startOf(name),
    expected: "an export `target`, as `defineTarget` of @tilewright/backend gives",
    actual: found.length === 0 ? "no export" : `exports ${found.join(", ")}`,
    hint: "write `export const target = defineTarget({ specVersion, name, summary, backend, device })`",
  });
}

/** CLI111: the code of a target threw what is no diagnostic, or gave what its contract does not allow. */
export function targetFailed(
  name: string,
  why: unknown,
  expected = "code that throws diagnostics alone",
): CompileError {
  const place = foreignPlace(why);
  return error("CLI111", `the target \`${name}\` failed`, {
    span: isNoSpan(place) ? startOf(name) : place,
    expected,
    actual: why instanceof Error ? `${why.name}: ${why.message}` : String(why),
    hint: "run its conformance kit, which names what is wrong, and tell its authors; where the kit passes, tell us",
  });
}

/** CLI112: an artifact with modules that neither a built-in target nor the given one runs. `able`: installed targets that do. */
export function unknownFormats(file: string, formats: readonly string[], able: readonly string[]): CompileError {
  return error("CLI112", `no target that is known here runs what \`${file}\` holds`, {
    expected: "modules of the format wasm or shared-library, or a target that runs the others",
    actual: `modules of the format ${formats.join(", ")}`,
    hint: `say which target runs them: --target ${able[0] ?? "<package or ./file>, the one that it was built for"}`,
  });
}

/** How a program ends for an error of this package: 2 where the command line named what is not there, else 1. */
export function exitCodeOf({ code }: CompileError): 1 | 2 {
  return code === "CLI109" ? 2 : 1;
}
