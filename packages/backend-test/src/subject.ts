import type { DeviceDriver } from "@tilewright/artifact";
import {
  type Backend, type Capabilities, type Feature, type IntrinsicMeaning, type PlacedPass, supportOf, type Toolchain, toCapabilities,
} from "@tilewright/backend"; // biome-ignore format: a list
import type { IRModule } from "@tilewright/ir";
import { bitsOf, DTYPES, type DType, isSigned } from "@tilewright/ir";
import { lower } from "@tilewright/lower";

/** What lowers scheduled functions, as `lower` of @tilewright/lower does. */
export type Lower = (
  module: IRModule,
  options: {
    readonly capabilities: Capabilities;
    readonly passes?: readonly PlacedPass[];
    readonly intrinsics?: readonly IntrinsicMeaning[];
    readonly verify?: boolean;
  },
) => { readonly module: IRModule };

/** A backend with what finishes its work and what runs it. */
export interface BackendUnderTest {
  readonly backend: Backend;
  readonly toolchain?: Toolchain;
  readonly device: DeviceDriver;
  /** That of @tilewright/lower unless told. */
  readonly lower?: Lower;
}

export interface KitSubject extends BackendUnderTest {
  /** Random programs of each kind to try; 100 unless told. */
  readonly runs?: number;
  /** Seed of the random programs, 1 unless told; a failure prints it. */
  readonly seed?: number;
}

/** A subject with everything that may be left out. */
export interface Subject {
  readonly backend: Backend;
  readonly toolchain: Toolchain | null;
  readonly device: DeviceDriver;
  readonly lower: Lower;
  readonly runs: number;
  readonly seed: number;
  /** Complete, whoever made the backend. */
  readonly capabilities: Capabilities;
}

export function resolveSubject(given: KitSubject): Subject {
  const { backend, toolchain = null, device, lower: lowering = lower, runs = 100, seed = 1 } = given;
  return {
    backend,
    toolchain,
    device,
    lower: lowering,
    runs,
    seed,
    capabilities: toCapabilities(backend.capabilities),
  };
}

export const feature = (kind: Feature["kind"], name: string): Feature => ({ kind, name });

export const declares = ({ capabilities }: Subject, features: readonly Feature[]): boolean =>
  features.every((each) => supportOf(capabilities, each) !== null);

/** Data types that a backend declares. */
export function dtypesOf({ capabilities }: Subject): readonly DType[] {
  return DTYPES.filter((dtype) => dtype !== "index" && capabilities.dtypes[dtype] !== undefined);
}

/** What holds elements of a type in buffers that are handed over: packed types stand in bytes there. */
export function boundaryType(dtype: DType): DType {
  return bitsOf(dtype) >= 8 || dtype === "bool" ? dtype : isSigned(dtype) ? "int8" : "uint8";
}

/** What functions of a type need: the type, and what holds it where it is handed over. */
export const typeFeatures = (dtype: DType): readonly Feature[] =>
  [...new Set([dtype, boundaryType(dtype)])].map((each) => feature("dtype", each));

/** The type of tests that are about something else: one that most have. */
export function plainType(subject: Subject): DType {
  const declared = dtypesOf(subject);
  const preferred: readonly DType[] = ["float32", "int32", "float64", "int8", "uint8"];
  return (
    preferred.find((dtype) => declared.includes(dtype)) ??
    declared.find((dtype) => bitsOf(dtype) >= 8 && dtype !== "bool") ??
    "bool"
  );
}
