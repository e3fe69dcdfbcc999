import type { KinesisStreamEvent } from "aws-lambda";
import { loadForwarder } from "./forwarder";
import { scriptedEndpoint, type ReceivedRequest, type ScriptedAnswer } from "./scriptedEndpoint";
import type { Invocation } from "./serialize";

/** The forwarder's archive in front of an endpoint that plays a script. */
export interface Faults {
  /** @param milliseconds the invocation's time limit. @default 60000 */
  run: (event: KinesisStreamEvent, milliseconds?: number) => Promise<Invocation>;
  requests: ReceivedRequest[];
  /** What the forwarder logged. */
  lines: () => Record<string, unknown>[];
  /** The last batch's metrics line. */
  metrics: () => Record<string, unknown>;
  stop: () => Promise<void>;
}

/** Starts the endpoint and loads the forwarder. */
export async function startFaults(
  script: (request: ReceivedRequest, index: number) => ScriptedAnswer,
  env: Record<string, string> = {},
): Promise<Faults> {
  const { url, requests, stop } = await scriptedEndpoint(script);
  const forwarder = await loadForwarder({ endpoint: url, env });
  return {
    run: (event, milliseconds) => forwarder.invoke(event, milliseconds),
    requests,
    lines: () => forwarder.logs(),
    metrics: () => forwarder.logs().findLast((line) => "_aws" in line) ?? {},
    stop: async () => {
      await forwarder.stop();
      await stop();
    },
  };
}

/** Item ids of each PutEvents call of a session, as it was sent. */
export function forwardedItems(requests: readonly ReceivedRequest[], sessionId: string): string[][] {
  return requests
    .filter(({ method }) => method === "POST")
    .map(({ body }) => JSON.parse(body) as { sessionId: string; eventList: { itemId: string }[] })
    .filter((call) => call.sessionId === sessionId)
    .map(({ eventList }) => eventList.map(({ itemId }) => itemId));
}
