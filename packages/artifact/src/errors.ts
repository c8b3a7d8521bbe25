import { type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";

/** AR101: the bytes do not begin as an artifact does. */
export function notAnArtifact(actual: string): Diagnostic {
  return {
    code: "AR101",
    severity: "error",
    message: "this is not a Tilewright artifact",
    span: NO_SPAN,
    expected: "the signature 89 54 57 41 0d 0a 1a 0a at byte 0",
    actual,
    hint: "pass the bytes of a file that `encodeArtifact` wrote, unchanged by text conversion",
  };
}

/** AR101: no bytes at all. */
export function notBytes(actual: string): Diagnostic {
  return {
    code: "AR101",
    severity: "error",
    message: "this is not a Tilewright artifact",
    span: NO_SPAN,
    expected: "an artifact, or the bytes of one as a Uint8Array or ArrayBuffer",
    actual,
    hint: "read the file and await it: pass `await (await fetch(url)).arrayBuffer()` or `await readFile(path)`",
  };
}

/** AR102: made by a newer compiler than this reader knows. */
export function newerArtifact(version: number, known: number): Diagnostic {
  return {
    code: "AR102",
    severity: "error",
    message: `the artifact has version ${version}, and this reader knows 1 to ${known}`,
    span: NO_SPAN,
    expected: `version 1 to ${known}`,
    actual: `version ${version}`,
    hint: "install newer `@tilewright/runtime` and `@tilewright/artifact`, or compile again with the version that you have",
  };
}

/** AR103: bytes are missing, or there are too many. */
export function wrongLength(place: string, expected: number, actual: number): Diagnostic {
  return {
    code: "AR103",
    severity: "error",
    message: `the artifact is cut or grown at ${place}`,
    span: NO_SPAN,
    expected: `${expected} bytes`,
    actual: `${actual} bytes`,
    hint: "fetch the file again; a download may have ended early",
  };
}

/** AR104: bytes differ from those that were written. */
export function wrongChecksum(place: string, expected: number, actual: number): Diagnostic {
  return {
    code: "AR104",
    severity: "error",
    message: `the artifact is damaged in ${place}`,
    span: NO_SPAN,
    expected: `CRC-32 ${hex(expected)}`,
    actual: hex(actual),
    hint: "fetch the file again or compile it anew",
  };
}

/** AR105: a field of the header does not hold what it must. */
export function badField(path: string, expected: string, actual: string): Diagnostic {
  return {
    code: "AR105",
    severity: "error",
    message: `the field \`${path}\` of the manifest is wrong`,
    span: NO_SPAN,
    expected,
    actual,
    hint: "compile the artifact anew; if a tool wrote the manifest, the types of `Manifest` say what it must hold",
  };
}

/** AR106: a driver that does not hold what the contract asks for. */
export function badDriver(what: string, field: string, expected: string, actual: string): Diagnostic {
  return {
    code: "AR106",
    severity: "error",
    message: `the definition of ${what} is wrong at \`${field}\``,
    span: NO_SPAN,
    expected,
    actual,
    hint: "see `DeviceDriver` of @tilewright/artifact: each field with its meaning",
  };
}

/** AR107: a driver of another version of the contract. */
export function otherDriver(what: string, theirs: string, ours: string): Diagnostic {
  const generation = (version: string): number => Number(/\/(\d+)$/.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
  return {
    code: "AR107",
    severity: "error",
    message: `${what} follows the contract ${theirs}, and this runtime knows ${ours}`,
    span: NO_SPAN,
    expected: ours,
    actual: theirs,
    hint:
      generation(theirs) > generation(ours)
        ? `update @tilewright/artifact and the packages beside it, or install a version of ${what} for ${ours}`
        : `update ${what} to a version for ${ours}, or install an @tilewright/artifact of its time`,
  };
}

/** AR108: a device in host memory is given what it cannot take. */
export function misuse(device: string, what: string, expected: string): Diagnostic {
  return {
    code: "AR108",
    severity: "error",
    message: `the device \`${device}\` was given ${what}`,
    span: NO_SPAN,
    expected,
    actual: what,
    hint: "use buffers and modules of this device, until they are freed or it is closed, with the arguments that the manifest names",
  };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
