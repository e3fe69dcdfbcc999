import * as pulumi from "@pulumi/pulumi";
import { admitAccessLogs, admitPersonalize, denyInsecureTransport } from "./bucketPolicies";
import { arnsOf } from "../shared/arns";
import { recommenderPrefix, type Scope, tagsOf, type Zone, ZONES } from "../shared/naming";
import { policy, type Policy, type Statement } from "../shared/policies";
import { ZoneBucket } from "./zoneBucket";

export interface DataLakeArgs {
  scope: Scope;
  /** Whether the buckets are made, or are there already: then only names and ARNs are used. */
  lake: "create" | "existing";
  /** Physical names. */
  buckets: Record<Zone, string>;
  /** Empty, or the stage and a slash. */
  keyPrefix: string;
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
  /** Names, known at preview. */
  readonly buckets: Record<Zone, string>;
  /** ARNs; using one waits for its bucket. */
  readonly arns: Record<Zone, pulumi.Output<string>>;

  constructor(name: string, args: DataLakeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:lake:DataLake", name, {}, opts);

    this.buckets = args.buckets;
    this.arns = args.lake === "create" ? this.create(name, args) : this.adopt(args);
    this.registerOutputs({ buckets: this.buckets, arns: this.arns });
  }

  private create(name: string, args: DataLakeArgs): Record<Zone, pulumi.Output<string>> {
    const make = (zone: Zone, infra?: ZoneBucket) =>
      new ZoneBucket(
        `${name}-${zone}`,
        {
          bucketName: args.buckets[zone],
          policy: bucketPolicy(zone, args),
          expireAfterDays: zone === "cache" ? CACHE_DAYS : undefined,
          accessLogs: infra && { target: infra, zone },
          protect: args.protect,
          forceDestroy: args.forceDestroy,
          tags: tagsOf(args.scope),
        },
        { parent: this },
      );
    const infra = make("infra");
    return zones((zone) => (zone === "infra" ? infra : make(zone, infra)).arn);
  }

  private adopt(args: DataLakeArgs): Record<Zone, pulumi.Output<string>> {
    if (args.printStatements) {
      const statements = JSON.stringify(downstreamStatements(args), null, 2);
      void pulumi.log.info(`The policy of bucket ${args.buckets.downstream} needs these statements:\n${statements}`, this);
    }
    return zones((zone) => pulumi.output(arnsOf(args.scope).bucket(args.buckets[zone])));
  }
}

/** What lets Personalize read its input in downstream, whoever makes the bucket. */
function downstreamStatements({ scope, buckets, keyPrefix, shared, sourceConditions }: DataLakeArgs): Statement[] {
  const own = recommenderPrefix(keyPrefix);
  return admitPersonalize(scope, buckets.downstream, shared ? [own, `*/${own}`] : [own], sourceConditions);
}

function bucketPolicy(zone: Zone, args: DataLakeArgs): Policy {
  const { scope, buckets } = args;
  const bucket = buckets[zone];
  const deny = denyInsecureTransport(scope, bucket);
  if (zone === "downstream") return policy(deny, ...downstreamStatements(args));
  if (zone === "infra") {
    const sources = ZONES.filter((other) => other !== "infra").map((other) => buckets[other]);
    return policy(deny, admitAccessLogs(scope, bucket, sources));
  }
  return policy(deny);
}

function zones<T>(of: (zone: Zone) => T): Record<Zone, T> {
  return Object.fromEntries(ZONES.map((zone) => [zone, of(zone)])) as Record<Zone, T>;
}
