import { type Artifact, checkArtifact, decodeArtifact } from "@tilewright/artifact";

/** An artifact in memory, or the bytes of a file. @throws CompileError `AR101` to `AR105` */
export type ArtifactSource = Artifact | Uint8Array | ArrayBuffer;

export function loadArtifact(source: ArtifactSource): Artifact {
  if (typeof source !== "object" || source === null || !("manifest" in source)) return decodeArtifact(source);
  checkArtifact(source);
  return source;
}
