// What is given as a plugin, judged before it is used: first the version of its contract, then its fields.
import { CompileError } from "@tilewright/diagnostics";
import { DTYPES, IR_VERSION } from "@tilewright/ir";
import { BACKEND_SPEC_VERSION, type BackendDefinition, TOOLCHAIN_SPEC_VERSION, type Toolchain } from "./backend.js";
import { CAPABILITY_FIELDS } from "./capability-fields.js";
import { badDefinition, newerIR, otherContract } from "./errors.js";

type Fields = { readonly [field: string]: unknown };

const PACKAGE = "@tilewright/backend";

/**
 * @throws CompileError `BE106` a field that does not hold what it must · `BE107` another version of the contract · `BE108` written for newer
 * loop IR
 */
export function checkBackend(value: unknown): asserts value is BackendDefinition {
  const backend = fieldsOf(value, "a backend", "an object, as `defineBackend` takes");
  const what = nameOf(backend, "the backend");
  checkVersion(what, backend.specVersion, BACKEND_SPEC_VERSION);
  const { irVersion = 1 } = backend;
  if (!Number.isInteger(irVersion) || Number(irVersion) < 1)
    fail(what, "irVersion", "an integer of at least 1", irVersion);
  if (Number(irVersion) > IR_VERSION) throw new CompileError(newerIR(what, Number(irVersion), IR_VERSION));
  if (typeof backend.compile !== "function") fail(what, "compile", "a function of a module", backend.compile);
  for (const list of ["legalize", "passes", "rules", "intrinsics"])
    if (backend[list] !== undefined && !Array.isArray(backend[list])) fail(what, list, "a list", backend[list]);
  checkCapabilitiesOf(what, backend);
}

function checkCapabilitiesOf(what: string, { capabilities, intrinsics = [] }: Fields): void {
  const given = fieldsOf(capabilities, what, "an object with `dtypes`", "capabilities");
  const at = (field: string): string => `capabilities.${field}`;
  const dtypes = fieldsOf(given.dtypes, what, "element types with their level", at("dtypes"));
  for (const name of Object.keys(dtypes))
    if (!DTYPES.some((dtype) => dtype === name)) fail(what, at("dtypes"), `some of ${DTYPES.join(", ")}`, name);
  for (const field of ["dtypes", "loopKinds", "atomics", "barriers"])
    for (const [name, level] of Object.entries(
      fieldsOf(given[field] === undefined ? {} : given[field], what, "names with a level", at(field)),
    ))
      if (level !== "stable" && level !== "experimental")
        fail(what, at(`${field}.${name}`), "`stable` or `experimental`", level);
  for (const [field, { expected, holds }] of Object.entries(CAPABILITY_FIELDS))
    if (given[field] !== undefined && !holds(given[field])) fail(what, at(field), expected, given[field]);
  for (const intrinsic of intrinsics as readonly unknown[]) {
    const { name } = fieldsOf(intrinsic, what, "objects with a `name`, what it means and its template", "intrinsics");
    if (typeof name !== "string") fail(what, "intrinsics", "a name for each", name);
    if (!((given.intrinsics ?? []) as readonly unknown[]).includes(name))
      fail(what, at("intrinsics"), `\`${name}\` among them, since the backend has a template for it`, given.intrinsics);
  }
}

/** @throws CompileError `BE106`, `BE107` */
export function checkToolchain(value: unknown): asserts value is Toolchain {
  const toolchain = fieldsOf(value, "a toolchain", "an object, as `defineToolchain` takes");
  const what = nameOf(toolchain, "the toolchain");
  checkVersion(what, toolchain.specVersion ?? TOOLCHAIN_SPEC_VERSION, TOOLCHAIN_SPEC_VERSION);
  for (const field of ["accepts", "produces"])
    if (typeof toolchain[field] !== "string") fail(what, field, "the name of a format", toolchain[field]);
  for (const field of ["status", "build"])
    if (typeof toolchain[field] !== "function") fail(what, field, "a function", toolchain[field]);
}

/** The contract first: fields of another version mean other things. */
export function checkVersion(what: string, theirs: unknown, ours: string): void {
  if (theirs === ours) return;
  if (typeof theirs !== "string") fail(what, "specVersion", `"${ours}"`, theirs);
  throw new CompileError(otherContract(what, theirs, ours, PACKAGE));
}

export function nameOf({ name }: Fields, kind: string): string {
  if (typeof name !== "string" || !/^[a-z][a-z0-9-]*$/.test(name))
    return fail(kind, "name", "lower-case letters, digits and `-`", name);
  return `${kind} \`${name}\``;
}

export function fieldsOf(value: unknown, what: string, expected: string, field = "value"): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : fail(what, field, expected, value);
}

export function fail(what: string, field: string, expected: string, actual: unknown): never {
  const text = textOf(actual);
  throw new CompileError(badDefinition(what, field, expected, text.length > 60 ? `${text.slice(0, 57)}...` : text));
}

function textOf(value: unknown): string {
  if (typeof value === "function") return "a function";
  try {
    return JSON.stringify(value) ?? (value === undefined ? "nothing" : `a ${typeof value}`);
  } catch {
    return typeof value === "bigint" ? `${value}n` : `an ${typeof value}`; // it holds itself, or a bigint
  }
}
