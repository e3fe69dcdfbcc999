import { ZONES } from "../components/shared/naming";
import { stageDefaults } from "../config/stages";
import { type Change, type Finding, refusal, warning } from "./deployed";

/**
 * Keeps the buckets that the stack created. To adopt them, or to rename one, would delete them: with all their data where the stage
 * empties buckets. The advice also edits the output that this check reads, because an edited state is all that the engine looks at.
 *
 * The outputs of an older program lack `lake`, so there an adoption is only warned of: it may have been one all along.
 */
export function checkLake({ stage, tenant, last }: Change): Finding[] {
  const { name, buckets, lake } = tenant;
  const created = ZONES.flatMap((zone) => last.buckets?.[zone] ?? []);
  const defaults = stageDefaults(stage);
  const fate = defaults.forceDestroy ? "the update would delete them with all their data" : "the update would fail at their protection";
  if (last.lake === undefined && defaults.lake === "create" && lake.lake === "existing" && created.length > 0) {
    const unknown = `the outputs of tenant ${name} do not say whether the stack created or adopted ${created.join(", ")}`;
    return [warning(`${unknown}: if it created them, ${fate}; see "Leave a lake" in docs/operations.md`)];
  }
  if (last.lake !== "create") return [];
  const renamed = ZONES.filter((zone) => last.buckets?.[zone] !== undefined && last.buckets[zone] !== buckets[zone]);
  const change =
    lake.lake === "existing"
      ? `lake of tenant ${name} would change from create to existing`
      : renamed
          .map((zone) => `buckets.${zone} of tenant ${name} would change from ${last.buckets?.[zone]} to ${buckets[zone]}`)
          .join(" and ");
  if (change === "") return [];
  const lost = lake.lake === "existing" ? created : renamed.flatMap((zone) => last.buckets?.[zone] ?? []);
  return [
    refusal(
      `${change}: the stack created ${lost.join(", ")}, and ${fate}; ` +
        `take the buckets out of the stack's state first, see "Leave a lake" in docs/operations.md`,
    ),
  ];
}
