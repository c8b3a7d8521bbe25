import { CompileError, type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";

const error = (code: string, message: string, more: Partial<Diagnostic>): CompileError =>
  new CompileError({ code, severity: "error", message, span: NO_SPAN, ...more });

/** CLI101: a file that cannot be read or run. */
export function unreadable(path: string, why: string): CompileError {
  return error("CLI101", `cannot load \`${path}\``, {
    span: { file: path, line: 1, column: 1 },
    expected: "a file that is there and runs without an error",
    actual: why,
    hint: "try it with Node alone: `node` or `tsx` shows the same error with its place",
  });
}

/** CLI102: a file without kernels. */
export function noKernel(path: string, found: readonly string[]): CompileError {
  return error("CLI102", `\`${path}\` exports no kernel`, {
    span: { file: path, line: 1, column: 1 },
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
      span: { file: path, line: 1, column: 1 },
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
    span: { file: path, line: 1, column: 1 },
    expected: "names that differ in letters, digits, `_`, `-` or `.`, not only in capitals or in other characters",
    actual: `\`${first}\` and \`${second}\``,
    hint: "rename one of the exports (a default export is called after its tensor), or keep it in a file of its own",
  });
}

/** CLI104: a target without its tools. */
export function unusableTarget(name: string, details: readonly string[]): CompileError {
  return error("CLI104", `the target \`${name}\` is not usable here`, {
    expected: "a toolchain that is installed",
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
    span: { file: path, line: 1, column: 1 },
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
