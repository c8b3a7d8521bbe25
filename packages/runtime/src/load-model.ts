import { devicesOf, type LoadOptions } from "./checks.js";
import { noModel } from "./errors.js";
import { type ArtifactSource, loadArtifact } from "./load-artifact.js";
import { LoadedModel } from "./loaded-model.js";
import { openSession, type Session } from "./session.js";

/**
 * Loads a model, its weights too, and runs its `prepare` once. Close what it returns with `dispose`. Where several devices take part, each holds
 * what it needs, and bytes move between them where one reads what another wrote.
 * @throws CompileError `AR1xx` a damaged or newer artifact · `RT107` no module for these devices · `RT108` memory · `RT114` a device that is not open ·
 *   `RT116` functions alone
 */
export async function loadModel(source: ArtifactSource, options: LoadOptions): Promise<Session> {
  const devices = devicesOf(options);
  const artifact = loadArtifact(source);
  const { model, name } = artifact.manifest;
  if (model === null) throw noModel(name);
  return openSession(await LoadedModel.load(artifact, model, devices), "first");
}
