import type { Artifact, StateEntry } from "@tilewright/artifact";

const BLOB = "trained";

/** The artifact with these values as the initial ones of its states: a trained model in one file, which needs no compiler. */
export function withStates(artifact: Artifact, values: ReadonlyMap<string, Uint8Array>): Artifact {
  const { model } = artifact.manifest;
  if (model === null) throw new Error("an artifact without a model has no states");
  const parts: Uint8Array[] = [];
  let length = 0;
  const states = model.states.map((state): StateEntry => {
    const bytes = values.get(state.name);
    if (bytes === undefined) return state;
    const initial = { blob: BLOB, offset: length, byteLength: bytes.length };
    parts.push(bytes);
    length += bytes.length;
    return { ...state, initial };
  });
  const blob = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    blob.set(part, offset);
    offset += part.length;
  }
  const manifest = { ...artifact.manifest, model: { ...model, states } };
  return { manifest, blobs: new Map([...artifact.blobs, [BLOB, blob]]) };
}
