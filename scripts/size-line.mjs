/** The line of a README that says what the package costs, after the mark `<!-- size -->`. */

const MARK = "<!-- size -->\n";
const LINE =
  /^Measured with Node [\d.]+ on \S+ \S+: ([\d,.]+) kB installed, ([\d,.]+) kB in (\d+) packages? with all it needs; importing it loads ([\d,.]+) kB \(minified, gzip\) in [\d.]+ ms\.$/;
/** How far a size may be from what the line says, in parts of it; small ones may differ by half a kilobyte. */
const TOLERANCE = 0.1;
const SLACK_BYTES = 512;

/** `footprint` in bytes, `milliseconds` that an import takes. */
export function sizeLine({ own, whole, packages, loaded }, milliseconds) {
  const system = { linux: "Linux", darwin: "macOS", win32: "Windows" }[process.platform] ?? process.platform;
  const time = milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
  return (
    `Measured with Node ${process.versions.node} on ${system} ${process.arch}: ${kilobytes(own)} kB installed, ` +
    `${kilobytes(whole)} kB in ${packages} ${packages === 1 ? "package" : "packages"} with all it needs; ` +
    `importing it loads ${kilobytes(loaded)} kB (minified, gzip) in ${time} ms.`
  );
}

/** A README with the line in the place of the old one, or before its first list of what the package gives. */
export function withSizeLine(readme, line) {
  const at = readme.indexOf(MARK);
  if (at >= 0) {
    const begin = at + MARK.length;
    return readme.slice(0, begin) + line + readme.slice(readme.indexOf("\n", begin));
  }
  const lines = readme.split("\n");
  const example = lines.findIndex((each) => each.startsWith("<!-- example"));
  const heading = lines.findIndex((each, position) => position > example && each.startsWith("## "));
  const place = heading < 0 ? lines.length : heading;
  return [...lines.slice(0, place), MARK.trimEnd(), line, "", ...lines.slice(place)].join("\n");
}

/** Where a README and what was measured differ: the line is missing, or a size is more than a tenth away from it. */
export function sizeProblems(readme, footprint, update) {
  const at = readme.indexOf(MARK);
  const line = at < 0 ? "" : readme.slice(at + MARK.length).split("\n", 1)[0];
  const match = LINE.exec(line);
  if (match === null) return [`its README does not say its size after ${MARK.trimEnd()}: \`${update}\` writes it`];
  const [own, whole, packages, loaded] = match.slice(1).map((text) => Number(text.replaceAll(",", "")));
  const problems = [
    ["it takes", own, footprint.own],
    ["with all it needs it takes", whole, footprint.whole],
    ["an import loads", loaded, footprint.loaded],
  ].flatMap(([what, said, bytes]) =>
    Math.abs(bytes - said * 1000) <= Math.max(said * 1000 * TOLERANCE, SLACK_BYTES)
      ? []
      : [
          `${what} ${kilobytes(bytes)} kB, and its README says ${kilobytes(said * 1000)} kB: \`${update}\` writes what is so`,
        ],
  );
  if (packages !== footprint.packages)
    problems.push(
      `it installs ${footprint.packages} packages, and its README says ${packages}: \`${update}\` writes what is so`,
    );
  return problems;
}

function kilobytes(bytes) {
  const value = bytes / 1000;
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}
