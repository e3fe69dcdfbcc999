import * as assert from "node:assert/strict";
import { buildCloud } from "../../src/cloud";
import { glue } from "../../src/glue";
import { jobOf } from "../../src/glue/jobs";
import { lastError } from "../../src/glue/runJob";
import type { Json } from "../../src/service";
import { JOB_INPUTS } from "../../testing/glueJobs";

describe("settings of the local Glue's jobs", () => {
  const { cloud } = buildCloud({ factories: [glue], stateDir: "/nowhere" });
  const checkJob = (inputs: Json): void => cloud.check("aws:glue/job:Job", inputs);
  const refused = (changes: Json, message: string): void =>
    assert.throws(() => checkJob({ ...JOB_INPUTS, ...changes }), { message: `Job "shop-export": ${message}` });

  it("have the service's defaults", () => {
    checkJob(JOB_INPUTS);
    const { roleArn, glueVersion, command, workerType, numberOfWorkers } = JOB_INPUTS;
    const least = { roleArn, glueVersion, command, workerType, numberOfWorkers };
    checkJob(least);
    assert.deepEqual(jobOf(least, "urn:pulumi:dev::test::aws:glue/job:Job::export"), {
      name: "export-b840d34",
      roleArn: "arn:aws:iam::123456789012:role/job",
      script: { bucket: "shop-infra", key: "glue_jobs/export.py" },
      workers: 2,
      timeoutMinutes: 480,
      maxConcurrentRuns: 1,
      defaultArguments: {},
    });
    checkJob({ command: {}, name: undefined });
  });

  it("are refused by name where they are not known or not allowed", () => {
    refused({ glueVersion: "4.0" }, `glueVersion must be one of 5.0, got "4.0"`);
    refused({ command: { name: "pythonshell" } }, `command.name must be one of glueetl, got "pythonshell"`);
    refused({ command: { pythonVersion: "2" } }, `command.pythonVersion must be one of 3, got "2"`);
    refused({ command: { runtime: "Ray2.4" } }, "command: the local cloud does not know the input runtime");
    refused({ command: { scriptLocation: "/tmp/x.py" } }, `command.scriptLocation must be an s3:// address, got "/tmp/x.py"`);
    refused({ roleArn: "job" }, `roleArn must be a role's ARN, got "job"`);
    refused({ workerType: "Standard" }, `workerType must be one of G.1X, got "Standard"`);
    refused({ numberOfWorkers: 1 }, "numberOfWorkers must be at least 2, got 1");
    refused({ timeout: 10_081 }, "timeout must be at most 10080, got 10081");
    refused({ timeout: 0 }, "timeout must be at least 1, got 0");
    refused({ maxRetries: 1 }, "maxRetries must be 0 in the local cloud, got 1");
    refused({ executionClass: "FLEX" }, `executionClass must be one of STANDARD, got "FLEX"`);
    refused({ executionProperty: { maxConcurrentRuns: 0 } }, "executionProperty.maxConcurrentRuns must be at least 1, got 0");
    const rule = "defaultArguments must have names that begin with -- and that the local cloud knows, got";
    refused({ defaultArguments: { stage: "dev" } }, `${rule} "stage"`);
    refused({ defaultArguments: { "--additional-python-modules": "boto3" } }, `${rule} "--additional-python-modules"`);
    const modules = "the s3:// addresses of .py files with different names, joined by commas, in --extra-py-files";
    refused(
      { defaultArguments: { "--extra-py-files": "s3://bucket/folder/" } },
      `defaultArguments must have ${modules}, got "s3://bucket/folder/"`,
    );
    checkJob({ ...JOB_INPUTS, defaultArguments: { "--extra-py-files": "s3://bucket/a.py,s3://bucket/b.py" } });
    assert.throws(() => checkJob({ name: "a\nb" }), {
      message: `Job "a\nb": name must be 1 to 255 characters without line breaks, got "a\\nb"`,
    });
    assert.throws(() => cloud.check("aws:glue/job:Job", { connections: [] }), /does not know the input connections/);
    assert.throws(() => jobOf({ ...JOB_INPUTS, workerType: undefined }, ""), { message: 'Job "shop-export": workerType must be given' });
  });
});

describe("what Glue shows of a traceback", () => {
  const shown = (text: string): string | undefined => {
    const error = lastError();
    for (const line of text.split("\n")) error.read(line);
    return error.text();
  };

  it("is the last exception's class and message", () => {
    const trace = (error: string): string => `Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    f()\n${error}`;
    assert.equal(shown(trace("ValueError: no")), "ValueError: no");
    const chained = `warning\n${trace("KeyError: 'a'")}\n\nDuring handling of the above exception, another exception occurred:\n\n`;
    assert.equal(shown(`${chained}${trace("ExportError: NoParts: none\nin lines")}`), "ExportError: NoParts: none");
    assert.equal(shown("something went wrong\n"), undefined);
  });
});
