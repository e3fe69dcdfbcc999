import * as assert from "node:assert/strict";
import {
  CreateCampaignCommand,
  DeleteCampaignCommand,
  DeleteDatasetCommand,
  DeleteDatasetGroupCommand,
  DeleteEventTrackerCommand,
  DeleteSolutionCommand,
  DescribeDatasetCommand,
  DescribeDatasetGroupCommand,
  DescribeEventTrackerCommand,
} from "@aws-sdk/client-personalize";
import { StopExecutionCommand } from "@aws-sdk/client-sfn";
import { ServiceError } from "@c360/local-aws";
import { eventually, machineOf } from "@c360/local-aws/testing";
import { TeardownBench } from "../support/teardownBench";

const SLOW = { Long: { Type: "Wait", Seconds: 90_000_000, End: true } };
const CAMPAIGN = "acme-c360-recommender-campaign-dev";
const SOLUTION = "acme-c360-recommender-solution-dev-a1b";

describe("npm run teardown", () => {
  let bench: TeardownBench;
  const environment = { ...process.env };
  before(async () => {
    bench = await TeardownBench.open();
  });
  after(() => bench.close());
  afterEach(() => {
    process.env = { ...environment };
  });

  it("says that there is nothing where nothing stands", async () => {
    const printed = ["Nothing stands that the pipeline made for stack local in ap-southeast-1."];
    assert.deepEqual(await bench.run("--stack local"), { code: 0, printed, errors: [] });
  });

  it("lists what stands, deletes nothing without a yes, and with it the campaign, then the solution", async () => {
    const { solution, version, campaign } = await bench.served(SOLUTION, CAMPAIGN);
    const list = [
      "This stands in ap-southeast-1, made by the pipeline for tenant acme of stack two:",
      `  campaign ${CAMPAIGN}: ACTIVE`,
      `    ${campaign}`,
      "    is billed for at least 1 transaction a second, every hour that it stands, whether or not anybody asks it",
      `  solution ${SOLUTION}: ACTIVE`,
      `    ${solution}`,
      "    costs nothing while it stands; what it was trained by was billed, and would be again",
      `    version ${version}: ACTIVE`,
    ];
    const needed = "npm run teardown: --yes is needed where there is no terminal to ask on; nothing was deleted";
    assert.deepEqual(await bench.run("--stack two --tenant acme"), { code: 2, printed: list, errors: [needed] });
    const off = "npm run teardown: called off, nothing was deleted";
    const refused = await bench.run("--stack two --tenant acme", { ask: async () => "y" });
    assert.deepEqual(refused, { code: 1, printed: list, errors: [off] });
    assert.deepEqual(await bench.standing(), [CAMPAIGN, SOLUTION]);
    const deletion = [
      `${campaign}: it is being deleted`,
      `${solution}: it is served by ${campaign}`,
      `${campaign} is gone`,
      `${solution}: it is being deleted`,
      `${solution} is gone`,
      "All of it is gone.",
    ];
    const agreed = await bench.run("--stack two --tenant acme", { ask: async () => "yes" });
    assert.deepEqual(agreed, { code: 0, printed: [...list, ...deletion], errors: [] });
    assert.deepEqual(await bench.standing(), []);
  });

  it("makes way for what Personalize refuses to delete before", async () => {
    const { personalize } = bench;
    const own = await bench.recommender("acme-c360-recommender-recommender-dev");
    const { solution, campaign } = await bench.served(SOLUTION, CAMPAIGN, own);
    const remove = {
      solution: () => personalize.send(new DeleteSolutionCommand({ solutionArn: solution })),
      dataset: () => personalize.send(new DeleteDatasetCommand({ datasetArn: own.datasetArn })),
      group: () => personalize.send(new DeleteDatasetGroupCommand({ datasetGroupArn: own.datasetGroupArn })),
    };
    const inUse = (by: string) => ({ name: "ResourceInUseException", message: new RegExp(by) });
    await personalize.send(new DeleteEventTrackerCommand({ eventTrackerArn: own.trackerArn }));
    await gone(() => personalize.send(new DescribeEventTrackerCommand({ eventTrackerArn: own.trackerArn })));
    await assert.rejects(remove.solution(), inUse(campaign));
    await assert.rejects(remove.dataset(), inUse(campaign));
    await assert.rejects(remove.group(), inUse(solution));
    assert.equal((await bench.run("--stack two --yes")).code, 0);
    await remove.dataset();
    await gone(() => personalize.send(new DescribeDatasetCommand({ datasetArn: own.datasetArn })));
    await remove.group();
    await gone(() => personalize.send(new DescribeDatasetGroupCommand({ datasetGroupArn: own.datasetGroupArn })));
  });

  it("takes one tenant's things, those of earlier recipes too, and nothing that only looks alike", async () => {
    const others = ["acme-c360-recommender-solution-dev-by-hand", "acme-c360-recommender-solution-dev2-a1b"];
    const bolt = "bolt-c360-recommender-solution-dev-a1b";
    for (const name of [SOLUTION, "acme-c360-recommender-solution-dev-0ff", ...others, bolt]) await bench.solution(name);
    assert.equal((await bench.run("--stack two --tenant acme --yes")).code, 0);
    assert.deepEqual(await bench.standing(), [...others, bolt]);
    assert.equal((await bench.run("--stack two --yes")).code, 0);
    assert.deepEqual(await bench.standing(), others);
  });

  it("waits for what is being made, and for what is in use, though calls are throttled", async () => {
    const { personalize, machines } = bench;
    const solutionArn = await bench.solution(SOLUTION);
    const solutionVersionArn = await bench.version(solutionArn);
    const release = bench.clock.hold();
    const { campaignArn } = await personalize.send(new CreateCampaignCommand({ name: CAMPAIGN, solutionVersionArn }));
    const operations = ["ListCampaigns", "DeleteCampaign"];
    const throttled = operations.map((operation) => ({ operation, kind: new ServiceError("ThrottlingException", "Rate exceeded") }));
    const used = { operation: "DeleteSolution", kind: new ServiceError("ResourceInUseException", "A job uses it.") };
    const faults = [...throttled, used].map((fault) => machines.running.faults.inject({ service: "personalize", ...fault, to: 1 }));
    const onPrint = (line: string): void => void (line.includes("it is served by") && release());
    const { code, printed, errors } = await bench.run("--stack two --yes", { onPrint });
    for (const fault of faults) assert.equal(fault.injected, 1);
    for (const fault of faults) fault.remove();
    assert.deepEqual([code, errors], [0, []]);
    assert.deepEqual(printed.slice(8), [
      `${campaignArn}: it is being created`,
      `${solutionArn}: it is served by ${campaignArn}`,
      `${campaignArn}: it is being deleted`,
      `${campaignArn} is gone`,
      `${solutionArn}: A job uses it.`,
      `${solutionArn}: it is being deleted`,
      `${solutionArn} is gone`,
      "All of it is gone.",
    ]);
  });

  it("goes on after Ctrl-C", async () => {
    await bench.served(SOLUTION, CAMPAIGN);
    const interrupted = new AbortController();
    const onPrint = (line: string): void => void (line.endsWith("it is being deleted") && interrupted.abort());
    const { code, errors } = await bench.run("--stack two --yes", { onPrint, signal: interrupted.signal });
    assert.deepEqual([code, errors], [130, ["What is being deleted goes on; call npm run teardown again for the rest."]]);
    assert.ok((await bench.standing()).includes(SOLUTION));
    assert.equal((await bench.run("--stack two --yes")).code, 0);
    assert.ok(!(await bench.standing()).includes(SOLUTION));
  });

  it("leaves everything where a campaign that others made serves a solution", async () => {
    const { campaign } = await bench.served(SOLUTION, "by-hand");
    const { code, errors } = await bench.run("--stack two --yes");
    const named = `solution ${SOLUTION} is served by ${campaign}, which the pipeline did not make: delete that campaign first`;
    assert.deepEqual([code, errors], [1, [`npm run teardown: ${named}`]]);
    assert.ok((await bench.standing()).includes(SOLUTION));
    await bench.personalize.send(new DeleteCampaignCommand({ campaignArn: campaign }));
    await eventually(async () => assert.ok(!(await bench.standing()).includes("by-hand")));
  });

  it("leaves everything while the pipeline is at work, and then does not say that nothing stands", async () => {
    const { machines } = bench;
    const machine = await machines.deploy(machineOf(SLOW), "acme-c360-recommender-pipeline-dev");
    for (const stands of [true, false]) {
      const executionArn = await machines.start(machine);
      const { code, printed, errors } = await bench.run("--stack two --yes");
      const named = `the pipeline is at work: wait for the execution ${executionArn}, or stop it, then call again`;
      assert.deepEqual([code, errors, printed.length > 0], [1, [`npm run teardown: ${named}`], stands]);
      assert.equal((await bench.standing()).includes(SOLUTION), stands);
      await machines.sfn.send(new StopExecutionCommand({ executionArn }));
      assert.equal((await bench.run("--stack two --yes")).code, 0);
    }
  });

  it("looks with the SDK's own credentials for the things of a deployed stack, here of a personal one", async () => {
    const { endpoint, credentials } = bench.machines.running.client;
    const { accessKeyId, secretAccessKey } = credentials;
    Object.assign(process.env, { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    await bench.solution("acme-c360-recommender-solution-alice-a1b");
    const { code, printed } = await bench.run("--stack alice");
    assert.deepEqual([code, printed[1]], [2, "  solution acme-c360-recommender-solution-alice-a1b: ACTIVE"]);
  });

  it("ends with 2 and one line on wrong usage", async () => {
    const wrong: [string, RegExp][] = [
      ["--stack two --tenant nosuch", /--tenant must be one of stack two \(acme, bolt\), got "nosuch"$/],
      ["--stack No-Such", /No-Such/],
      ["--nosuch", /--nosuch/],
    ];
    for (const [args, message] of wrong) {
      const { code, printed, errors } = await bench.run(args);
      assert.deepEqual([code, printed, errors.length], [2, [], 1], args);
      assert.match(errors[0], message);
      assert.match(errors[0], /^npm run teardown: [^\n]+$/);
    }
  });

  it("shows the flags", async () => {
    const { code, printed } = await bench.run("--help");
    assert.equal(code, 0);
    for (const flag of ["stack", "tenant", "yes"]) assert.ok(printed[0].includes(`--${flag} `), flag);
  });
});

/** Resolves when a description finds nothing any more. */
async function gone(describe: () => Promise<unknown>): Promise<void> {
  await eventually(() => assert.rejects(describe(), { name: "ResourceNotFoundException" }));
}
