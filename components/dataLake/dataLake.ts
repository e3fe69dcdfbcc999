import * as pulumi from "@pulumi/pulumi";
import { admitAccessLogs, admitPersonalize, denyInsecureTransport } from "./bucketPolicies";
import { recommenderPrefix, type Zone, ZONES } from "../shared/naming";
import { policy, type Policy, type Statement } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";
import { ZoneBucket } from "./zoneBucket";

export interface DataLakeArgs {
  context: TenantContext;
  /** Whether the buckets are created or adopted; of adopted buckets only names and ARNs are used. @default create */
  lake?: "create" | "existing";
  /** Whether personal stages share these buckets, each below a key prefix of its own. @default false */
  shared?: boolean;
  /** Whether Personalize is admitted only for requests of this account's resources. @default true */
  sourceConditions?: boolean;
  /** Whether to print the statements that an adopted downstream bucket needs to admit Personalize. @default false */
  printStatements?: boolean;
  /** Whether the buckets refuse deletion, and are kept when they are removed from the program. @default false */
  protect?: boolean;
  /** Whether deletion empties the buckets first. @default false */
  forceDestroy?: boolean;
}

/** Days after which every object in cache expires. */
const CACHE_DAYS = 7;

/** A tenant's five buckets. Only downstream admits Personalize; infra receives the access logs of the others. */
export class DataLake extends pulumi.ComponentResource {
  /** ARNs of the buckets. What uses one waits for its bucket. */
  readonly arns: Record<Zone, pulumi.Output<string>>;

  constructor(name: string, args: DataLakeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:lake:DataLake", name, args, opts);
    const { lake = "create" } = args;

    this.arns = lake === "create" ? this.create(name, args) : this.adopt(args);
    this.registerOutputs({ arns: this.arns });
  }

  private create(name: string, args: DataLakeArgs): Record<Zone, pulumi.Output<string>> {
    const { context, protect, forceDestroy } = args;
    const create = (zone: Zone, infra?: ZoneBucket) =>
      new ZoneBucket(
        `${name}-${zone}`,
        {
          context,
          zone,
          policy: bucketPolicy(zone, args),
          expireAfterDays: zone === "cache" ? CACHE_DAYS : undefined,
          accessLogs: infra,
          protect,
          forceDestroy,
        },
        { parent: this },
      );
    const infra = create("infra");
    return zones((zone) => (zone === "infra" ? infra : create(zone, infra)).arn);
  }

  private adopt(args: DataLakeArgs): Record<Zone, pulumi.Output<string>> {
    if (args.printStatements) {
      const statements = JSON.stringify(downstreamStatements(args), null, 2);
      void pulumi.log.info(`The policy of bucket ${args.context.buckets.downstream} needs these statements:\n${statements}`, this);
    }
    return zones((zone) => pulumi.output(arnsOf(args.context).bucket(args.context.buckets[zone])));
  }
}

/** What downstream's policy needs so that Personalize can read its input. */
function downstreamStatements({ context, shared = false, sourceConditions = true }: DataLakeArgs): Statement[] {
  const own = recommenderPrefix(context.keyPrefix);
  return admitPersonalize(context, context.buckets.downstream, shared ? [own, `*/${own}`] : [own], sourceConditions);
}

function bucketPolicy(zone: Zone, args: DataLakeArgs): Policy {
  const { context } = args;
  const { buckets } = context;
  const deny = denyInsecureTransport(context, buckets[zone]);
  if (zone === "downstream") return policy(deny, ...downstreamStatements(args));
  if (zone === "infra") {
    const sources = ZONES.filter((other) => other !== "infra").map((other) => buckets[other]);
    return policy(deny, admitAccessLogs(context, buckets.infra, sources));
  }
  return policy(deny);
}

function zones<T>(of: (zone: Zone) => T): Record<Zone, T> {
  return Object.fromEntries(ZONES.map((zone) => [zone, of(zone)])) as Record<Zone, T>;
}
