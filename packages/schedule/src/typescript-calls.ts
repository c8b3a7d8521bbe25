import type { Json, TraceRecord } from "@tilewright/ir";
import type { Arguments } from "./arguments.js";
import { listOf, literal, objectOf, type Piece } from "./typescript-text.js";

/** How a record refers to what is there. */
export interface Names {
  tensor(stage: string): readonly Piece[];
  axis(stage: string, name: string): readonly Piece[];
  /** A number, or a value that was sampled. */
  size(value: Json | undefined): readonly Piece[] | undefined;
  intrinsic(name: string): readonly Piece[];
}

/** What a call returns, where that is one thing or a tuple; the parts of longer lists go by their names. */
export interface Results {
  readonly of: "axis" | "tensor" | "sample";
  readonly form: "one" | "list";
}

export interface Call {
  /** After the schedule and the tensor. */
  readonly args: readonly (readonly Piece[])[];
  /** In place of the tensor of the record's stage. */
  readonly tensor?: readonly Piece[];
  readonly results?: Results;
  /** The stage gets other loops, perhaps with the names that others had. */
  readonly renewsLoops?: boolean;
}

type Row = (record: TraceRecord, args: Arguments, names: Names) => Call;

const text = (value: string): readonly Piece[] => [JSON.stringify(value)];
const json = (value: Json): readonly Piece[] => [literal(value)];
const unless = <T extends Json>(usual: T, value: T | undefined): readonly Piece[] | undefined =>
  value === undefined || value === usual ? undefined : json(value);

/** Data in which sampled values may stand. */
function sized(value: Json, names: Names): readonly Piece[] {
  if (Array.isArray(value)) return listOf(value.map((item) => sized(item, names)));
  if (typeof value !== "object" || value === null) return json(value);
  if (Object.hasOwn(value, "sample")) return names.size(value) ?? json(value);
  return objectOf(Object.fromEntries(Object.entries(value).map(([name, part]) => [name, sized(part, names)])));
}

const onAxis: Row = ({ stage }, args, names) => ({ args: [names.axis(stage, args.string("axis"))] });
const alone: Row = () => ({ args: [] });
const newTensor: Results = { of: "tensor", form: "one" };

/** How each primitive is written as a call. */
export const CALLS: Readonly<Record<string, Row>> = {
  split: ({ stage, results }, args, names) => {
    const axis = args.string("axis");
    const isUsual = results[0] === `${axis}.outer` && results[1] === `${axis}.inner`;
    const options = objectOf({
      factor: names.size(args.json("factor")),
      parts: names.size(args.json("parts")),
      tail: unless("guard", args.string("tail")),
      names: isUsual || results.length !== 2 ? undefined : json(results),
    });
    return { args: [names.axis(stage, axis), options], results: { of: "axis", form: "list" } };
  },
  fuse: ({ stage }, args, names) => ({
    args: args.strings("axes").map((axis) => names.axis(stage, axis)),
    results: { of: "axis", form: "one" },
  }),
  reorder: ({ stage }, args, names) => ({
    args: [listOf(args.strings("axes").map((axis) => names.axis(stage, axis)))],
  }),
  vectorize: onAxis,
  unroll: onAxis,
  parallel: onAxis,
  bind: ({ stage }, args, names) => ({ args: [names.axis(stage, args.string("axis")), text(args.string("thread"))] }),
  computeAt: (_, args, names) => {
    const consumer = args.string("consumer");
    return { args: [names.tensor(consumer), names.axis(consumer, args.string("axis"))] };
  },
  computeInline: alone,
  computeRoot: alone,
  softwarePipeline: ({ stage }, args, names) => ({
    args: [
      names.axis(stage, args.string("axis")),
      objectOf({ stages: json(args.numbers("stages")), order: json(args.strings("order")) }),
    ],
  }),
  rollingBuffer: (_, args) => ({ args: [json(args.number("dimension") ?? 0)] }),
  doubleBuffer: alone,
  blockize: onAxis,
  tensorize: ({ stage }, args, names) => ({
    args: [names.axis(stage, args.string("axis")), names.intrinsic(args.string("intrinsic"))],
  }),
  decomposeReduction: onAxis,
  decomposePadding: onAxis,
  pad: (_, args) => ({ args: [json(args.numbers("multiples"))], renewsLoops: true }),
  reindex: (_, args, names) => {
    const read = unless(0, args.number("read"));
    const options = read === undefined ? [] : [objectOf({ read })];
    return { args: [names.tensor(args.string("reader")), ...options], results: newTensor };
  },
  reverseComputeAt: (_, args, names) => {
    const producer = args.string("producer");
    return { args: [names.tensor(producer), names.axis(producer, args.string("axis"))], renewsLoops: true };
  },
  reverseComputeInline: () => ({ args: [], renewsLoops: true }),
  rfactor: ({ stage }, args, names) => {
    const position = unless(0, args.number("position"));
    const options = position === undefined ? [] : [objectOf({ position })];
    return { args: [names.axis(stage, args.string("axis")), ...options], results: newTensor, renewsLoops: true };
  },
  cacheRead: ({ stage }, args, names) => {
    const output = args.number("tensor") ?? 0;
    const other = [`s.stages.find(({ name }) => name === ${JSON.stringify(stage)})?.tensors[${output}] ?? ""`];
    const call: Call = {
      args: [text(args.string("scope")), listOf(args.strings("readers").map((reader) => names.tensor(reader)))],
      results: newTensor,
    };
    return output === 0 ? call : { ...call, tensor: other };
  },
  cacheWrite: ({ stage }, args, names) => {
    const flat = args.json("flatten") === undefined ? [] : args.strings("flatten");
    const flatten = flat.length === 0 ? undefined : listOf(flat.map((axis) => names.axis(stage, axis)));
    const layout = args.json("digits") === undefined ? undefined : sized(args.list("digits"), names);
    const options = flatten === undefined && layout === undefined ? [] : [objectOf({ flatten, layout })];
    return { args: [text(args.string("scope")), ...options], results: newTensor, renewsLoops: true };
  },
  samplePerfectTile: ({ stage, results }, args, names) => {
    const axis = args.string("axis");
    const options = objectOf({
      parts: json(args.number("parts") ?? 0),
      maxInnermost: unless(64, args.number("maxInnermost")),
      name: unless(`${axis}.tile`, results[0]),
    });
    const decision = json(args.list("decision"));
    return { args: [names.axis(stage, axis), options, decision], results: { of: "sample", form: "list" } };
  },
  sampleCategorical: ({ stage, results }, args) => {
    const odds = args.list("probabilities");
    const options = objectOf({
      probabilities: odds.every((each) => each === 1) ? undefined : json(odds),
      name: unless(`${stage}.choice`, results[0]),
    });
    const decision = json(args.number("decision") ?? -1);
    return { args: [json(args.list("candidates")), options, decision], results: { of: "sample", form: "one" } };
  },
  sampleComputeLocation: (_, args) => ({ args: [json(args.json("decision") ?? null)] }),
  setScope: (_, args) => ({ args: [text(args.string("scope"))] }),
  annotate: ({ stage }, args, names) => ({
    args: [names.axis(stage, args.string("axis")), objectOf({ partition: text(args.string("partition")) })],
  }),
  storePredicate: (_, args) => ({ args: [json(args.json("condition") ?? null)] }),
  storageAlign: (_, args, names) => ({
    args: [
      json(args.number("dimension") ?? -1),
      objectOf({ factor: names.size(args.json("factor")), offset: unless(0, args.number("offset")) }),
    ],
  }),
  transformLayout: (_, args, names) => {
    const padValue = args.anyNumber("padValue");
    const options = padValue === undefined ? [] : [objectOf({ padValue: [String(padValue)] })];
    return { args: [sized(args.list("digits"), names), ...options] };
  },
};
