import type { ExportSource } from "../../components/interactionExport/exportLocations";
import { needPython } from "@c360/local-aws/testing";
import { ExportFixture } from "./exportFixture";
import { GlueEngine } from "./glueEngine";
import { LambdaEngine } from "./lambdaEngine";

/** A suite that runs for one engine. */
export interface EngineSuite {
  name: "lambda" | "glue";
  /** The fixture of the test that runs; it holds no object when the test starts. */
  fixture: () => ExportFixture;
}

/**
 * Describes what holds for both engines. Without Python the tests of Glue are pending.
 *
 * @param source parts of another pipeline. @default those of a query
 */
export function describeEngines(title: string, define: (suite: EngineSuite) => void, source?: ExportSource): void {
  for (const name of ["lambda", "glue"] as const) {
    describe(`the export by ${name}, ${title}`, () => {
      let fixture: ExportFixture | undefined;
      before(async function () {
        const engine = name === "lambda" ? await LambdaEngine.deploy(source) : await GlueEngine.deploy(await needPython(this), source);
        fixture = await ExportFixture.open(engine);
      });
      beforeEach(() => fixture?.reset());
      after(() => fixture?.close());
      define({ name, fixture: () => fixture as ExportFixture });
    });
  }
}
