import * as assert from "node:assert/strict";
import { cleanUp } from "../../../../components/pipeline/steps/table";
import { DEFINITION_ARGS } from "../../../support/definitionArgs";
import { RESPONSES, walkPipeline } from "../../../support/pipelineWalk";
import { TaskError, walk } from "../../../support/walk";

const KEY_HASH = "2a3b62b53ddb";
const INPUT = { runDate: "2026-01-31", runKey: "nightly" };
const TABLE = "alice/crm_derived_restricted/t200_dashboard_interaction/dt=2026-01-31";
const BUILD = ["DescribeHistory", "CheckDescribed", "BuildInteractions", "PublishPartition"];

/** Walks a run whose date has a partition already. */
const walkWith = (Parameters: Record<string, string>, input: object = INPUT) =>
  walkPipeline(
    { train: "never" },
    {
      input,
      responses: {
        FindPartition: () => ({ Partition: { Parameters } }),
        PublishPartition: () => {
          throw new TaskError("Glue.AlreadyExistsException");
        },
      },
    },
  );

describe("the table of a run date", () => {
  it("is built at a location of the run's own, and the partition points at it", async () => {
    const { states, calls, variables } = await walkPipeline({ train: "never" }, { input: INPUT });
    assert.deepEqual(states.slice(states.indexOf("FindPartition"), states.indexOf("CountInteractions")), ["FindPartition", ...BUILD]);
    const runId = String(variables.runId);
    assert.match(runId, new RegExp(`^${KEY_HASH}-[0-9a-f]{8}$`));
    const location = `s3://lake/${TABLE}/run=${runId}/`;
    assert.ok(String(calls.BuildInteractions[0].QueryString).includes(`'${location}'`));
    const { DatabaseName, TableName, PartitionInput } = calls.PublishPartition[0] as Record<string, Record<string, unknown>>;
    assert.deepEqual([DatabaseName, TableName], ["db", "t200_dashboard_interaction"]);
    assert.deepEqual([PartitionInput.Values, PartitionInput.Parameters], [["2026-01-31"], { runId, superseded: "" }]);
    assert.equal((PartitionInput.StorageDescriptor as { Location: string }).Location, location);
  });

  it("is built when all history is described, however many invocations that takes", async () => {
    const left = [2000, 1000, 0];
    const responses = { DescribeHistory: () => ({ Payload: { objects: 3000, bytes: 9, left: left.shift() } }) };
    const { states } = await walkPipeline({ train: "never" }, { input: INPUT, responses });
    const described = ["DescribeHistory", "CheckDescribed"];
    const found = states.slice(states.indexOf("DescribeHistory"), states.indexOf("PublishPartition"));
    assert.deepEqual(found, [...described, ...described, ...described, "BuildInteractions"]);
  });

  it("is not built from history that is refused", async () => {
    const refused = () => {
      throw new TaskError("HistoryRefused", '{"errorMessage":"1 of 2 history objects cannot be read"}');
    };
    const { states, error, cause } = await walkPipeline({}, { input: INPUT, responses: { DescribeHistory: refused } });
    assert.deepEqual([states.at(-1), error], ["HistoryRefused", "HistoryRefused"]);
    assert.match(String(cause), /^1 of 2 history objects cannot be read - No query has run, .* Fix or remove the files, /);
  });

  it("is not built again by the run key that built it", async () => {
    const { states, variables, calls } = await walkWith({ runId: `${KEY_HASH}-01234567`, superseded: "" });
    assert.deepEqual(states.slice(states.indexOf("FindPartition"), states.indexOf("ReadCounts")), [
      "FindPartition",
      "ReusePartition",
      "CountInteractions",
    ]);
    assert.equal(variables.runId, `${KEY_HASH}-01234567`);
    assert.ok(JSON.stringify(calls.WriteParts).includes(`/recommender/parts/${KEY_HASH}-01234567/`));
  });

  it("is built again by another run key, and where that is asked for", async () => {
    for (const [publishedRun, input] of [
      ["0123456789ab-01234567", INPUT],
      [`${KEY_HASH}-01234567`, { ...INPUT, rebuild: true }],
    ] as const) {
      const { states, calls, variables } = await walkWith({ runId: publishedRun }, input);
      const expected = ["FindPartition", "ReusePartition", ...BUILD, "ReplacePartition"];
      assert.deepEqual(states.slice(states.indexOf("FindPartition"), states.indexOf("CountInteractions")), expected);
      const { PartitionInput, PartitionValueList } = calls.ReplacePartition[0] as {
        PartitionInput: { Parameters: object };
        PartitionValueList: string[];
      };
      assert.deepEqual(
        [PartitionValueList, PartitionInput.Parameters],
        [["2026-01-31"], { runId: variables.runId, superseded: publishedRun }],
      );
    }
  });

  it("knows its last two superseded runs, newest first", async () => {
    const supersededBy = async (superseded: string) => {
      const { calls } = await walkWith({ runId: "c-1", superseded });
      return (calls.ReplacePartition[0] as { PartitionInput: { Parameters: { superseded: string } } }).PartitionInput.Parameters.superseded;
    };
    assert.deepEqual([await supersededBy(""), await supersededBy("b-1"), await supersededBy("b-1,a-1")], ["c-1", "c-1,b-1", "c-1,b-1"]);
  });

  it("is the run's own when the response to its publication was lost", async () => {
    const lost = () => {
      throw new TaskError("Glue.AlreadyExistsException");
    };
    const { states, output } = await walkPipeline({ train: "never" }, { input: INPUT, responses: { PublishPartition: lost } });
    assert.ok(states.includes("ReplacePartition"));
    assert.equal((output as { runId: string }).runId.split("-")[0], KEY_HASH);
  });
});

describe("the clean-up of a run date", () => {
  const RUNS = { runId: "d-1", publishedRun: "c-1", superseded: "b-1,a-1", runDate: "2026-01-31" };
  const prefixOf = (run: string) => `${TABLE}/run=${run}/`;
  const { first, states } = cleanUp(DEFINITION_ARGS);
  const machine = { StartAt: first, States: { ...states("Done"), Done: { Type: "Succeed" } } } as const;

  it("removes all runs but the table's and the last two superseded, page by page", async () => {
    const there = ["a-1", "b-1", "c-1", "d-1", "old-1"].map(prefixOf);
    const keys = new Map([prefixOf("a-1"), prefixOf("old-1")].map((prefix) => [prefix, [`${prefix}1`, `${prefix}2`, `${prefix}3`]]));
    const walked = await walk(machine, {
      variables: RUNS,
      responses: {
        ListRuns: () => ({ CommonPrefixes: there.filter((prefix) => keys.get(prefix)?.length !== 0).map((Prefix) => ({ Prefix })) }),
        ListSuperseded: ({ Prefix }) => ({ Contents: (keys.get(String(Prefix)) ?? []).slice(0, 2).map((Key) => ({ Key })) }),
        RemoveSuperseded: ({ Delete }) => {
          const removed = (Delete as { Objects: { Key: string }[] }).Objects.map(({ Key }) => Key);
          for (const [prefix, left] of keys)
            keys.set(
              prefix,
              left.filter((key) => !removed.includes(key)),
            );
          return {};
        },
      },
    });
    assert.deepEqual([walked.states.at(-1), [...keys.values()]], ["Done", [[], []]]);
    assert.deepEqual(walked.calls.ListRuns[0], { Bucket: "lake", Prefix: `${TABLE}/run=`, Delimiter: "/" });
    assert.deepEqual(
      walked.calls.RemoveSuperseded.map(({ Delete }) => (Delete as { Objects: object[] }).Objects.length),
      [2, 1, 2, 1],
    );
  });

  it("removes nothing where there are no other runs", async () => {
    for (const CommonPrefixes of [undefined, ["d-1"], ["b-1", "c-1", "d-1"]]) {
      const prefixes = CommonPrefixes?.map((run) => ({ Prefix: prefixOf(run) }));
      const walked = await walk(machine, { variables: RUNS, responses: { ListRuns: () => ({ CommonPrefixes: prefixes }) } });
      assert.deepEqual(walked.states, ["ListRuns", "FindSuperseded", "Done"]);
    }
  });

  it("fails with the first object that S3 does not delete", async () => {
    const walked = await walk(machine, {
      variables: { ...RUNS, ...{ superseded: "" } },
      responses: {
        ...RESPONSES,
        ListRuns: () => ({ CommonPrefixes: [{ Prefix: prefixOf("a-1") }] }),
        ListSuperseded: () => ({ Contents: [{ Key: "one" }] }),
        RemoveSuperseded: () => ({ Errors: [{ Key: "one", Code: "AccessDenied" }] }),
      },
    });
    assert.equal(walked.error, "CleanUpFailed");
    assert.match(walked.cause ?? "", /^\{"Key":"one","Code":"AccessDenied"\} - The CSV is in place; .* to list and delete them\.$/);
  });
});
