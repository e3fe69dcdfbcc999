import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import type { AwsContext } from "../../components/shared/tenantContext";

/** Who calls, and where. */
export interface Caller {
  /** For example `arn:aws:iam::123456789012:user/kim`. */
  arn: string;
  where: AwsContext;
}

/** @param region of the stack */
export async function findCaller(sts: STSClient, region: string, signal: AbortSignal): Promise<Caller> {
  const { Account: account = "", Arn: arn = "" } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
  return { arn, where: { partition: arn.split(":")[1], region, account } };
}
