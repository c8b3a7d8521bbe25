// Rule: a call of an intrinsic whose meaning is known becomes, on a target that declares it, a call of a function: its meaning for operands
// with these strides, marked with its name, in whose place the backend puts a template. On any other target the meaning itself stands
// there, on the regions of the call; also where memory may be shared, since a function's parameters are disjoint.
import { INTRINSIC_ATTRIBUTE, type IntrinsicMeaning, type Pass } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import {
  type Buffer, type BufferRegion, dimensionsOfBox, type Expr, firstDifference, type IRModule, int, type KernelCall, type PrimFunc,
  refreshBinders, rewrite, type Stmt, structuralEqual, withParameters,
} from "@tilewright/ir"; // biome-ignore format: a list
import { badOperands, twoMeanings, unknownIntrinsic } from "./errors.js";
import { stridesOf } from "./flatten.js";
import { constantOf, plus } from "./index-arithmetic.js";

export const expandIntrinsics: Pass = {
  name: "expand-intrinsics",
  requires: "scheduled",
  establishes: "scheduled",
  run(module, { capabilities, intrinsics = [] }) {
    const known = new Set(module.functions.map(({ name }) => name));
    const meanings = meaningsByName(intrinsics);
    const variants = new Variants(module);
    const functions = module.functions.map((func) => {
      const body = rewrite(func.body, {
        KernelCall: (call) => {
          if (known.has(call.callee)) return undefined;
          const declared = capabilities.intrinsics.includes(call.callee);
          const meaning = meanings.get(call.callee);
          if (meaning === undefined && declared) return undefined;
          if (meaning === undefined)
            throw new CompileError(unknownIntrinsic(call.callee, [...meanings.keys()], call.span));
          const operands = operandsOf(call, meaning);
          const strides = operands.map(stridesThrough);
          const shared = operands.some(({ region }) => func.mayAlias.some((pair) => pair.includes(region.buffer)));
          if (!declared || shared || strides.includes(null)) return inlined(meaning.semantics, operands);
          return { ...call, callee: variants.callee(meaning, strides as readonly (readonly number[])[]) };
        },
      });
      return body === func.body ? func : { ...func, body };
    });
    const changed = functions.some((func, position) => func !== module.functions[position]);
    return changed ? { ...module, functions: [...functions, ...variants.functions] } : module;
  },
};

/** @throws CompileError LOW207 for a name with two meanings */
function meaningsByName(intrinsics: readonly IntrinsicMeaning[]): ReadonlyMap<string, IntrinsicMeaning> {
  const meanings = new Map<string, IntrinsicMeaning>();
  for (const meaning of intrinsics) {
    const { name, semantics } = meanings.get(meaning.name) ?? meaning;
    if (!structuralEqual(semantics, meaning.semantics))
      throw new CompileError(
        twoMeanings(name, firstDifference(semantics, meaning.semantics)?.path ?? "", semantics.span),
      );
    meanings.set(name, meaning);
  }
  return meanings;
}

interface Operand {
  readonly parameter: Buffer;
  readonly region: BufferRegion;
  /** For each dimension of the parameter, the one of the region's buffer. */
  readonly dimensions: readonly number[];
}

/** @throws CompileError LOW206 */
function operandsOf({ callee, args, span }: KernelCall, { semantics }: IntrinsicMeaning): readonly Operand[] {
  const wrong = (expected: string, actual: string): never => {
    throw new CompileError(badOperands(callee, expected, actual, span));
  };
  const { parameters } = semantics;
  if (args.length !== parameters.length) wrong(`${parameters.length} operands`, `${args.length}`);
  return parameters.map((parameter, position) => {
    const region = args[position];
    if (parameter.kind !== "Buffer" || region?.kind !== "BufferRegion" || region.buffer.dtype !== parameter.dtype)
      return wrong(
        `a region of ${parameter.dtype} for \`${parameter.name}\``,
        region?.kind === "BufferRegion" ? region.buffer.dtype : "a scalar",
      );
    const [shape, extents] = [parameter.shape, region.extents].map((all) =>
      all.map((extent) => constantOf(extent) ?? -1),
    );
    const dimensions = dimensionsOfBox(shape as number[], extents as number[]);
    if (dimensions === null) return wrong(`a box of ${shape} for \`${parameter.name}\``, `one of ${extents}`);
    return { parameter, region, dimensions };
  });
}

/** The strides through which the parameter sees its region, where they are constants. */
function stridesThrough({ region, dimensions }: Operand): readonly number[] | null {
  const strides = stridesOf(region.buffer);
  const seen = dimensions.map((dimension) => constantOf(strides[dimension] ?? int(1)) ?? null);
  return seen.includes(null) ? null : (seen as readonly number[]);
}

/** The meaning, its parameters replaced by the regions. */
function inlined(semantics: PrimFunc, operands: readonly Operand[]): Stmt {
  const byParameter = new Map(operands.map((operand) => [operand.parameter, operand]));
  const place = ({ region, dimensions }: Operand, indices: readonly Expr[]): readonly Expr[] =>
    region.mins.map((min, dimension) => {
      const own = indices[dimensions.indexOf(dimension)];
      return own === undefined ? min : plus(min, own);
    });
  const access = <N extends { readonly buffer: Buffer; readonly indices: readonly Expr[] }>(node: N): N | undefined => {
    const operand = byParameter.get(node.buffer);
    return operand && { ...node, buffer: operand.region.buffer, indices: place(operand, node.indices) };
  };
  return rewrite(refreshBinders(semantics.body), { Load: access, Store: access, Atomic: access });
}

/** The functions that meanings become, one for each set of strides. */
class Variants {
  readonly functions: PrimFunc[] = [];
  private readonly names: Set<string>;
  private readonly known = new Map<string, string>();

  constructor({ functions }: IRModule) {
    this.names = new Set(functions.map(({ name }) => name));
  }

  callee({ name, semantics }: IntrinsicMeaning, strides: readonly (readonly number[])[]): string {
    const key = `${name} ${JSON.stringify(strides)}`;
    const before = this.known.get(key);
    if (before !== undefined) return before;
    const own = this.uniqueName(name);
    const func = withParameters(semantics, (parameter, position) => ({
      ...parameter,
      strides: (strides[position] ?? []).map((stride) => int(stride)),
    }));
    this.functions.push({ ...func, name: own, attributes: { ...func.attributes, [INTRINSIC_ATTRIBUTE]: name } });
    this.known.set(key, own);
    return own;
  }

  private uniqueName(name: string): string {
    let own = name;
    for (let number = 1; this.names.has(own); number++) own = `${name}_${number}`;
    this.names.add(own);
    return own;
  }
}
