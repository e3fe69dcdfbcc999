import * as pulumi from "@pulumi/pulumi";
import { admitAccessLogs, admitPersonalize, denyInsecureTransport } from "./bucketPolicies";
import { recommenderPrefix, type Zone, ZONES } from "../shared/naming";
import { policy, type Policy, type Statement } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";
import { ZoneBucket } from "./zoneBucket";

export interface DataLakeArgs {
  context: TenantContext;
  /** Whether the buckets are made, or are there already: then only names and ARNs are used. */
  lake: "create" | "existing";
  /** Whether personal stages keep their keys in these buckets, below prefixes of their own. */
  shared: boolean;
  /** Whether Personalize is admitted only for requests of this account's resources. */
  sourceConditions: boolean;
  /** Whether the owner of an adopted downstream bucket still has to admit Personalize: prints the statements. */
  printStatements: boolean;
  /** Refuses deletion, and keeps the buckets when they leave the program. */
  protect: boolean;
  /** Whether deletion empties the buckets first. */
  forceDestroy: boolean;
}

/** Days that anything stays in cache. */
const CACHE_DAYS = 7;

/** A tenant's five buckets. Only downstream admits Personalize; infra takes the access logs of the others. */
export class DataLake extends pulumi.ComponentResource {
  /** ARNs; using one waits for its bucket. */
  readonly arns: Record<Zone, pulumi.Output<string>>;

  constructor(name: string, args: DataLakeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:lake:DataLake", name, {}, opts);

    this.arns = args.lake === "create" ? this.create(name, args) : this.adopt(args);
    this.registerOutputs({ arns: this.arns });
  }

  private create(name: string, args: DataLakeArgs): Record<Zone, pulumi.Output<string>> {
    const make = (zone: Zone, infra?: ZoneBucket) =>
      new ZoneBucket(
        `${name}-${zone}`,
        {
          context: args.context,
          zone,
          policy: bucketPolicy(zone, args),
          expireAfterDays: zone === "cache" ? CACHE_DAYS : undefined,
          accessLogs: infra,
          protect: args.protect,
          forceDestroy: args.forceDestroy,
        },
        { parent: this },
      );
    const infra = make("infra");
    return zones((zone) => (zone === "infra" ? infra : make(zone, infra)).arn);
  }

  private adopt(args: DataLakeArgs): Record<Zone, pulumi.Output<string>> {
    if (args.printStatements) {
      const statements = JSON.stringify(downstreamStatements(args), null, 2);
      void pulumi.log.info(`The policy of bucket ${args.context.buckets.downstream} needs these statements:\n${statements}`, this);
    }
    return zones((zone) => pulumi.output(arnsOf(args.context).bucket(args.context.buckets[zone])));
  }
}

/** What lets Personalize read its input in downstream, whoever makes the bucket. */
function downstreamStatements({ context, shared, sourceConditions }: DataLakeArgs): Statement[] {
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
