export { dimensionsOfBox, withParameters } from "./box.js";
export type { Buffer, BufferRegion, Scope } from "./buffer.js";
export {
  at,
  type BufferOptions,
  type Builder,
  buffer,
  build,
  constant,
  int,
  isConst,
  limitsOf,
  sequence,
  typeName,
  variable,
  zero,
} from "./build.js";
export { bitsOf, bytesOf, DTYPES, type DType, isFloat, isInteger, isSigned, isWide } from "./dtype.js";
export { type Difference, firstDifference, structuralEqual } from "./equal.js";
export {
  APPROXIMATE, ARITHMETIC_OPS, type Binary, type BinaryOp, type Broadcast, type Call, type Cast, COMPARE_OPS, CONTRACT, type Const, type Expr,
  type ExprBase, type FastMath, type IfThenElse, type Load, type NodeBase, type Ramp, REASSOCIATE, type Read, type Reduce,
  type Reinterpret, type Select, type Shuffle, UNARY_OPS, type Unary, type UnaryOp, type Var,
} from "./expr.js"; // biome-ignore format: a list
export { FIELDS, type FieldRole, type Node, type NodeKind, type NodeOf } from "./fields.js";
export { freeBuffers, freeVariables } from "./free.js";
export type { Attributes, FunctionRole, IRModule, Json, PrimFunc } from "./func.js";
export type {
  Attribute,
  BlobReference,
  Constant,
  Dimension,
  DimensionSymbol,
  Graph,
  GraphNode,
  OperatorName,
  State,
  Value,
} from "./graph.js";
export { structuralHash } from "./hash.js";
export { LEVELS, type Level } from "./level.js";
export { operandsOf, withOperands } from "./operands.js";
export { operationsOf, readsOf } from "./operations.js";
export { type Refreshed, refreshBinders, refreshWithMaps } from "./refresh.js";
export { type EnterLeave, type Leave, type Replacement, type Rules, rewrite, substitute } from "./rewrite.js";
export {
  type Allocate, type Assert, type Assign, type Async, type Atomic, type AtomicOp, type Barrier, type Evaluate, type For, type If, type IfRole,
  type KernelCall, type Let, type LoopKind, type ParallelCall, type PopToken, type PushToken, type Register, type Seq, type Stmt, type Store,
  type Synchronize, THREAD_TAGS, type ThreadTag, type While,
} from "./stmt.js"; // biome-ignore format: a list
export type {
  Combiner, Compute, Extern, IterKind, IterVar, Operation, Placeholder, Scan, Tensor, Trace, TraceRecord,
} from "./tensor.js"; // biome-ignore format: a list
export { IR_VERSION } from "./version.js";
export { type Visitors, visit } from "./visit.js";
