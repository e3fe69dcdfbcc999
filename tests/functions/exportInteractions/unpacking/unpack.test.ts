import * as assert from "node:assert/strict";
import { makeBufferPool } from "../../../../functions/exportInteractions/unpacking/bufferPool";
import type { Part } from "../../../../functions/exportInteractions/part";
import type { Unit } from "../../../../functions/exportInteractions/unpacking/units";
import { unpack, type UnpackPorts } from "../../../../functions/exportInteractions/unpacking/unpack";
import type { Workplace } from "../../../../functions/exportInteractions/unpacking/workplace";
import { COLUMNS } from "../../../support/exportParts";

const GIB = 1024 ** 3;

/** A unit of one plain part of a row; only what is said of its size is large. */
function unit(name: string, bytes: number): Unit {
  const part: Part = {
    ...{ uri: `s3://b/${name}`, bucket: "b", key: name, etag: '"e"', compressed: false },
    ...{ size: bytes, start: 0, rewritten: true, closed: true },
  };
  return { parts: [part], bytes, name };
}

/** A world whose time passes by 10 ms for each unit that is made. */
class World {
  readonly made: string[] = [];
  mostAtOnce = 0;
  private busy = 0;
  private now = 0;

  constructor(
    private readonly limit: number,
    private readonly there: string[] = [],
  ) {}

  ports(): UnpackPorts {
    const workplace: Workplace = {
      uri: (name) => `s3://work/${name}`,
      list: async () => new Map(this.there.map((name) => [`${name}.csv`, { etag: '"there"', size: 1 }])),
      object: (name) => ({
        put: async () => {
          this.made.push(name);
          this.now += 10;
          return '"made"';
        },
        create: () => assert.fail("nothing here is large"),
      }),
      read: () => assert.fail("nothing here is counted"),
    };
    const stream = async function* (this: World) {
      this.busy += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.busy);
      await new Promise(setImmediate);
      yield Buffer.from("u,i,1,watch\n");
      this.busy -= 1;
    }.bind(this);
    return {
      source: { stream },
      workplace,
      pool: makeBufferPool(4, 64),
      left: () => this.limit - this.now,
      stop: (error) => assert.fail(String(error)),
    };
  }

  async unpack(...units: Unit[]): Promise<string[]> {
    const { objects } = await unpack(units, { header: COLUMNS }, this.ports());
    return [...objects.keys()];
  }
}

describe("unpack", () => {
  it("makes two units at a time, but leaves those alone that are there", async () => {
    const world = new World(1000, ["b"]);
    assert.deepEqual((await world.unpack(...["a", "b", "c", "d"].map((name) => unit(name, 100)))).sort(), ["a", "b", "c", "d"]);
    assert.deepEqual(world.made.sort(), ["a.csv", "c.csv", "d.csv"]);
    assert.equal(world.mostAtOnce, 2);
  });

  it("makes a very large unit alone, so that it has all of the time", async () => {
    const world = new World(1000);
    await world.unpack(unit("a", 2 * GIB), unit("b", 2 * GIB), unit("c", 2 * GIB));
    assert.deepEqual([world.made, world.mostAtOnce], [["a.csv", "b.csv", "c.csv"], 1]);
  });

  it("begins none that might not be done in time, by twice the time of those before it", async () => {
    const world = new World(45);
    const units = [unit("a", 2 * GIB), unit("b", 2 * GIB), unit("c", 4 * GIB), unit("d", 2 * GIB), unit("e", 2 * GIB)];
    assert.deepEqual(await world.unpack(...units), ["a", "b", "d"]);
  });
});
