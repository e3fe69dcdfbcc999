import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { loadConfig } from "../config";
import { NAMESPACE, texts } from "./support/settings";

describe("loadConfig", () => {
  it("reads the stack's settings, and knows which are secret", async () => {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "c360-recommender", "staging");
    pulumi.runtime.setAllConfig(texts({ logRetentionDays: 3 }));
    const { stage, tenants } = loadConfig();
    assert.deepEqual([stage, tenants[0].logRetentionDays], ["staging", 3]);
    process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify([`${NAMESPACE}logRetentionDays`]);
    try {
      assert.throws(loadConfig, { message: `config ${NAMESPACE}logRetentionDays must be plain text, got a secret` });
    } finally {
      delete process.env.PULUMI_CONFIG_SECRET_KEYS;
    }
  });
});
