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
import { UsageError } from "../../cli/shared/command";
import { teardown } from "../../cli/teardown";
import { runCommand } from "../support/commands";
import { TeardownFixture } from "../support/teardownFixture";

const SLOW = { Long: { Type: "Wait", Seconds: 90_000_000, End: true } };
const CAMPAIGN = "acme-c360-recommender-campaign-dev";
const SOLUTION = "acme-c360-recommender-solution-dev-a1b";

describe("npm run teardown", () => {
  let fixture: TeardownFixture;
  const environment = { ...process.env };
  before(async () => {
    fixture = await TeardownFixture.open();
  });
  after(() => fixture.close());
  afterEach(() => {
    process.env = { ...environment };
  });

  it("says so when there is nothing to delete", async () => {
    const printed = ["There is nothing to delete: no campaign or solution of stack local in ap-southeast-1."];
    assert.deepEqual(await fixture.run("--stack local"), { code: 0, printed, errors: [] });
  });

  it("lists what exists, deletes nothing without a yes, and with it the campaign, then the solution", async () => {
    const { solution, version, campaign } = await fixture.served(SOLUTION, CAMPAIGN);
    const list = [
      "The pipeline created for tenant acme of stack two in ap-southeast-1:",
      `  campaign ${CAMPAIGN}: ACTIVE`,
      `    ${campaign}`,
      "    billed for at least 1 transaction per second for every hour that it exists, used or not",
      `  solution ${SOLUTION}: ACTIVE`,
      `    ${solution}`,
      "    costs nothing to keep; training it again is billed again",
      `    version ${version}: ACTIVE`,
    ];
    const needed = "npm run teardown: --yes is needed without a terminal to ask on; nothing was deleted";
    assert.deepEqual(await fixture.run("--stack two --tenant acme"), { code: 2, printed: list, errors: [needed] });
    const off = "npm run teardown: canceled, nothing was deleted";
    const refused = await fixture.run("--stack two --tenant acme", { ask: async () => "y" });
    assert.deepEqual(refused, { code: 1, printed: list, errors: [off] });
    assert.deepEqual(await fixture.existing(), [CAMPAIGN, SOLUTION]);
    const deletion = [
      `${campaign} is being deleted`,
      `${solution} is served by ${campaign}`,
      `${campaign} is deleted`,
      `${solution} is being deleted`,
      `${solution} is deleted`,
      "Everything is deleted.",
    ];
    const agreed = await fixture.run("--stack two --tenant acme", { ask: async () => "yes" });
    assert.deepEqual(agreed, { code: 0, printed: [...list, ...deletion], errors: [] });
    assert.deepEqual(await fixture.existing(), []);
  });

  it("unblocks deletions that Personalize refuses before", async () => {
    const { personalize } = fixture;
    const own = await fixture.recommender("acme-c360-recommender-recommender-dev");
    const { solution, campaign } = await fixture.served(SOLUTION, CAMPAIGN, own);
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
    assert.equal((await fixture.run("--stack two --yes")).code, 0);
    await remove.dataset();
    await gone(() => personalize.send(new DescribeDatasetCommand({ datasetArn: own.datasetArn })));
    await remove.group();
    await gone(() => personalize.send(new DescribeDatasetGroupCommand({ datasetGroupArn: own.datasetGroupArn })));
  });

  it("deletes one tenant's resources, including those of earlier recipes, and nothing with a similar name", async () => {
    const others = ["acme-c360-recommender-solution-dev-by-hand", "acme-c360-recommender-solution-dev2-a1b"];
    const bolt = "bolt-c360-recommender-solution-dev-a1b";
    for (const name of [SOLUTION, "acme-c360-recommender-solution-dev-0ff", ...others, bolt]) await fixture.solution(name);
    assert.equal((await fixture.run("--stack two --tenant acme --yes")).code, 0);
    assert.deepEqual(await fixture.existing(), [...others, bolt]);
    assert.equal((await fixture.run("--stack two --yes")).code, 0);
    assert.deepEqual(await fixture.existing(), others);
  });

  it("waits for what is being created and for what is in use, even if calls are throttled", async () => {
    const { personalize, machines } = fixture;
    const solutionArn = await fixture.solution(SOLUTION);
    const solutionVersionArn = await fixture.version(solutionArn);
    const release = fixture.clock.hold();
    const { campaignArn } = await personalize.send(new CreateCampaignCommand({ name: CAMPAIGN, solutionVersionArn }));
    const operations = ["ListCampaigns", "DeleteCampaign"];
    const throttled = operations.map((operation) => ({ operation, kind: new ServiceError("ThrottlingException", "Rate exceeded") }));
    const used = { operation: "DeleteSolution", kind: new ServiceError("ResourceInUseException", "A job uses it.") };
    const faults = [...throttled, used].map((fault) => machines.running.faults.inject({ service: "personalize", ...fault, to: 1 }));
    const print = (line: string): void => void (line.includes("is served by") && release());
    const { code, printed, errors } = await fixture.run("--stack two --yes", { print });
    for (const fault of faults) assert.equal(fault.injected, 1);
    for (const fault of faults) fault.remove();
    assert.deepEqual([code, errors], [0, []]);
    assert.deepEqual(printed.slice(8), [
      `${campaignArn} is being created`,
      `${solutionArn} is served by ${campaignArn}`,
      `${campaignArn} is being deleted`,
      `${campaignArn} is deleted`,
      `${solutionArn} is in use: A job uses it.`,
      `${solutionArn} is being deleted`,
      `${solutionArn} is deleted`,
      "Everything is deleted.",
    ]);
  });

  it("continues after Ctrl-C", async () => {
    await fixture.served(SOLUTION, CAMPAIGN);
    const interrupted = new AbortController();
    const print = (line: string): void => void (line.endsWith("is being deleted") && interrupted.abort());
    const { code, errors } = await fixture.run("--stack two --yes", { print, signal: interrupted.signal });
    assert.deepEqual([code, errors], [130, ["Deletions that have started go on. Run npm run teardown again to delete the rest."]]);
    assert.ok((await fixture.existing()).includes(SOLUTION));
    assert.equal((await fixture.run("--stack two --yes")).code, 0);
    assert.ok(!(await fixture.existing()).includes(SOLUTION));
  });

  it("deletes nothing when another campaign serves a solution", async () => {
    const { campaign } = await fixture.served(SOLUTION, "by-hand");
    const { code, errors } = await fixture.run("--stack two --yes");
    const named = `solution ${SOLUTION} is served by ${campaign}, which the pipeline did not create: delete that campaign first`;
    assert.deepEqual([code, errors], [1, [`npm run teardown: ${named}`]]);
    assert.ok((await fixture.existing()).includes(SOLUTION));
    await fixture.personalize.send(new DeleteCampaignCommand({ campaignArn: campaign }));
    await eventually(async () => assert.ok(!(await fixture.existing()).includes("by-hand")));
  });

  it("deletes nothing while the pipeline is running, and does not say then that there is nothing", async () => {
    const { machines } = fixture;
    const machine = await machines.deploy(machineOf(SLOW), "acme-c360-recommender-pipeline-dev");
    for (const exists of [true, false]) {
      const executionArn = await machines.start(machine);
      const { code, printed, errors } = await fixture.run("--stack two --yes");
      const named = `the pipeline is running: wait for ${executionArn} or stop it, then try again`;
      assert.deepEqual([code, errors, printed.length > 0], [1, [`npm run teardown: ${named}`], exists]);
      assert.equal((await fixture.existing()).includes(SOLUTION), exists);
      await machines.sfn.send(new StopExecutionCommand({ executionArn }));
      assert.equal((await fixture.run("--stack two --yes")).code, 0);
    }
  });

  it("uses the SDK's own credentials for a stack on AWS, here a personal one", async () => {
    const { endpoint, credentials } = fixture.machines.running.client;
    const { accessKeyId, secretAccessKey } = credentials;
    Object.assign(process.env, { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    await fixture.solution("acme-c360-recommender-solution-alice-a1b");
    const { code, printed } = await fixture.run("--stack alice");
    assert.deepEqual([code, printed[1]], [2, "  solution acme-c360-recommender-solution-alice-a1b: ACTIVE"]);
  });

  it("ends with 2 and one line on wrong usage", async () => {
    const wrong: [string, RegExp][] = [
      ["--stack two --tenant nosuch", /--tenant must be one of stack two \(acme, bolt\), got "nosuch"$/],
      ["--stack No-Such", /No-Such/],
      ["--nosuch", /--nosuch/],
    ];
    for (const [args, message] of wrong) {
      const { code, printed, errors } = await fixture.run(args);
      assert.deepEqual([code, printed, errors.length], [2, [], 1], args);
      assert.match(errors[0], message);
      assert.match(errors[0], /^npm run teardown: [^\n]+$/);
    }
  });
});

describe("the flags of npm run teardown", () => {
  it("are read", () => {
    assert.deepEqual(teardown.readFlags(["--stack", "local"]), { stack: "local", tenant: undefined, yes: false });
    assert.deepEqual(teardown.readFlags("--stack dev --tenant acme --yes".split(" ")), { stack: "dev", tenant: "acme", yes: true });
  });

  const wrong: [string, RegExp][] = [
    ["", /^--stack NAME is needed/],
    ["--stack", /--stack/],
    ["--stack local --nosuch", /--nosuch'?; npm run teardown -- --help/],
    ["--stack local --yes=true", /--yes/],
    ["local", /local/],
  ];
  for (const [text, message] of wrong) {
    it(`refuse "${text}"`, () => {
      const isRefusal = (error: Error) => error instanceof UsageError && message.test(error.message) && !error.message.includes("\n");
      assert.throws(() => teardown.readFlags(text.split(" ").filter(Boolean)), isRefusal);
    });
  }

  it("are shown", async () => {
    const { code, printed } = await runCommand(teardown, "--help");
    assert.equal(code, 0);
    for (const flag of ["stack", "tenant", "yes"]) assert.ok(printed[0].includes(`--${flag} `), flag);
  });
});

/** Resolves when a description finds nothing any more. */
async function gone(describe: () => Promise<unknown>): Promise<void> {
  await eventually(() => assert.rejects(describe(), { name: "ResourceNotFoundException" }));
}
