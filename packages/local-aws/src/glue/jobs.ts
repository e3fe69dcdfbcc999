import type { Cloud, Json, ResourceType } from "../service";
import { ServiceError } from "../service";
import { checkJob, JOB_INPUTS, jobSettings, type JobSettings } from "./jobSettings";

/** The program's jobs, in memory and in the log "jobs". */
export class Jobs {
  private readonly byName = new Map<string, JobSettings>();
  private readonly store;

  constructor(private readonly cloud: Cloud) {
    this.store = cloud.store("glue");
  }

  async restore(): Promise<void> {
    for await (const entry of this.store.replay("jobs")) this.keep(entry as unknown as JobSettings);
  }

  /** @throws ServiceError EntityNotFoundException */
  find(name: string): JobSettings {
    const found = this.byName.get(name);
    if (!found) throw new ServiceError("EntityNotFoundException", `Job ${name} is not found`);
    return found;
  }

  arn(name: string): string {
    return `arn:aws:glue:${this.cloud.region}:${this.cloud.account}:job/${name}`;
  }

  resource(): ResourceType {
    return {
      inputs: JOB_INPUTS,
      check: checkJob,
      create: async (inputs: Json, urn: string) => {
        const settings = jobSettings(inputs, urn);
        const { name, workers, timeoutMinutes } = settings;
        if (this.byName.has(name)) throw new ServiceError("AlreadyExistsException", `Job ${name} already exists`);
        this.keep(settings);
        await this.store.append("jobs", { ...settings });
        const state = { name, arn: this.arn(name), maxCapacity: workers, timeout: timeoutMinutes, tagsAll: inputs.tags ?? {} };
        return { id: name, state };
      },
    };
  }

  private keep(settings: JobSettings): void {
    this.byName.set(settings.name, settings);
  }
}
