// Reads {name: manifest} as JSON on standard input, prints {name: [what is wrong]} as JSON.
//
// Each manifest becomes an object literal of the type that kubernetes-models has for its kind, so
// that TypeScript refuses unknown keys, wrong types and values that no enumeration has; and it is
// validated once more by the schema that the same package brings.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import ts from "typescript";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const manifests = JSON.parse(await text(process.stdin));
const problems = Object.fromEntries(Object.keys(manifests).map((name) => [name, []]));

// -- each manifest as one line of TypeScript

const lines = [];
const owners = [];
for (const [name, manifest] of Object.entries(manifests)) {
  const { apiVersion, kind } = manifest;
  const module = apiVersion?.includes("monitoring.coreos.com")
    ? `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`
    : `kubernetes-models/${apiVersion}/${kind}`;
  let model;
  try {
    model = require(module)[kind];
  } catch {
    problems[name].push(`there is no ${kind} in ${apiVersion}`);
    continue;
  }
  try {
    new model(manifest).validate();
  } catch (error) {
    problems[name].push(`schema: ${error.message}`);
  }
  lines.push(
    `export const m${owners.length}: import("${module}").I${kind} = ${JSON.stringify(manifest)};`,
  );
  owners.push(name);
}

// -- one program of all lines, which no file needs to hold

const file = join(here, "manifests.ts");
const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
};
const host = ts.createCompilerHost(options);
const { fileExists, getSourceFile } = host;
host.fileExists = (path) => path === file || fileExists(path);
host.getSourceFile = (path, ...rest) =>
  path === file
    ? ts.createSourceFile(path, lines.join("\n"), rest[0], true)
    : getSourceFile(path, ...rest);
const program = ts.createProgram([file], options, host);
for (const found of ts.getPreEmitDiagnostics(program)) {
  const message = ts.flattenDiagnosticMessageText(found.messageText, " ");
  if (found.file?.fileName !== file) {
    throw new Error(`not about a manifest: ${message}`);
  }
  const { line } = found.file.getLineAndCharacterOfPosition(found.start);
  problems[owners[line]].push(`type: ${message}`);
}
console.log(JSON.stringify(problems));
