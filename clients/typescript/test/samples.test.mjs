// The TypeScript samples of the OpenAPI document pass the type checker as they stand.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { parse } from "yaml";

const root = fileURLToPath(new URL("..", import.meta.url));

test("the samples of the OpenAPI document", () => {
  const document = parse(readFileSync(join(root, "../../openapi.yaml"), "utf8"));
  /** @type {{ operationId?: string, "x-codeSamples"?: { lang: string, source: string }[] }[]} */
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  // Inside the package, where its own name and its dependencies are found.
  const folder = mkdtempSync(join(root, "dist/samples-"));
  try {
    const files = operations.flatMap(({ operationId, "x-codeSamples": samples = [] }) =>
      samples.filter(({ lang }) => lang === "TypeScript").map(({ source }) => {
        const file = join(folder, `${operationId}.mts`);
        writeFileSync(file, source);
        return file;
      }),
    );
    assert.ok(files.length > 0);
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ["node"],
    });
    const wrong = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
    assert.deepEqual(wrong, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
