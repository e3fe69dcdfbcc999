import * as assert from "node:assert/strict";
import { pulumiProvider } from "@c360/local-aws";
import { type Resource, runProgram } from "@c360/local-pulumi";
import { runStack, stackWith, withAccount } from "./support/stackResources";

/** One that creates its buckets, and one that adopts them. */
const STACKS = ["prod", "alice"];

describe("Pulumi's program runner", () => {
  for (const name of STACKS) {
    it(`registers for ${name} what the program registers within the tests`, async () => {
      const stack = await stackWith(name);
      const printed: string[] = [];
      const onLog = (severity: string, message: string) => void (severity !== "debug" && printed.push(`${severity}: ${message}`));
      const byRunner = await withAccount((cloud) => runProgram({ ...stack, provider: pulumiProvider(cloud), dryRun: true, onLog }));
      const inProcess = await runStack(stack, { dryRun: true });
      assert.deepEqual(registered(byRunner.resources), registered(inProcess.registered));
      assert.deepEqual([byRunner.outputs, printed], [inProcess.outputs, inProcess.printed]);
      assert.ok(byRunner.resources.size > 40);
    });
  }
});

function registered(resources: Map<string, Resource>): Record<string, Resource> {
  return Object.fromEntries(
    [...resources].map(([urn, resource]) => [urn, { ...resource, dependencies: [...resource.dependencies].sort() }]),
  );
}
