/** Dimensions of every metric. */
export interface Dimensions {
  Tenant: string;
  Stage: string;
}

/**
 * Counts as a log line that CloudWatch turns into metrics, in the
 * [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 *
 * @param now epoch milliseconds
 */
export function metricsLine(dimensions: Dimensions, counts: Record<string, number>, now: number): Record<string, unknown> {
  const Metrics = Object.keys(counts).map((Name) => ({ Name, Unit: "Count" }));
  const metrics = { Namespace: "C360/Recommender", Dimensions: [Object.keys(dimensions)], Metrics };
  return { level: "INFO", message: "batch", ...dimensions, ...counts, _aws: { Timestamp: now, CloudWatchMetrics: [metrics] } };
}
