import * as assert from "node:assert/strict";
import { z } from "zod";
import { operations } from "../src/operation";
import { paging } from "../src/paging";
import { ServiceError, type Json } from "../src/service";

const pages = paging({ token: "NextToken", size: "MaxResults", most: 3, invalidToken: "InvalidToken" });

const { PutThing } = operations(
  { service: "things", invalid: "ValidationException" },
  {
    PutThing: {
      members: {
        Name: z.string().min(1).regex(/^\w*$/),
        Kind: z.enum(["A", "B"]).optional(),
        Size: z.int().max(5).optional(),
        Labels: z.array(z.string()).optional(),
        Place: z.strictObject({ City: z.string() }).optional(),
      },
      resources: ({ Name }) => [`arn:${Name}`, `arn:${Name}/*`],
      alsoNeeds: ({ Kind }) => (Kind === "A" ? [{ action: "iam:PassRole", resource: "role" }] : []),
      run: ({ Name, Labels = [] }) => ({ Name, Count: Labels.length }),
    },
  },
);

function refusal(input: Json): string {
  try {
    PutThing.parse?.(input);
  } catch (error) {
    return `${(error as ServiceError).code}: ${(error as ServiceError).message}`;
  }
  throw new Error("nothing was refused");
}

describe("operations", () => {
  const broken = (member: string, rule: string): string =>
    `ValidationException: 1 validation error detected: Value ${member} failed to satisfy constraint: Member must ${rule}`;
  const refused: [Json, string][] = [
    [{}, broken("null at 'name'", "not be null")],
    [{ Name: null }, broken("null at 'name'", "not be null")],
    [{ Name: "" }, broken("'' at 'name'", "have length greater than or equal to 1")],
    [{ Name: "a b" }, broken("'a b' at 'name'", "satisfy regular expression pattern: ^\\w*$")],
    [{ Name: "a", Kind: "C" }, broken("'C' at 'kind'", "satisfy enum value set: [A, B]")],
    [{ Name: "a", Size: 6 }, broken("'6' at 'size'", "have value less than or equal to 5")],
    [{ Name: "a", Place: {} }, broken("null at 'place.city'", "not be null")],
    [{ Name: 1 }, "SerializationException: Name: NUMBER_VALUE can not be converted to a String"],
    [{ Name: true }, "SerializationException: Name: TRUE_VALUE can not be converted to a String"],
    [{ Name: ["a"] }, "SerializationException: Name: Start of list found where not expected"],
    [{ Name: {} }, "SerializationException: Name: Start of structure or map found where not expected."],
    [{ Name: "a", Kind: 1 }, "SerializationException: Kind: NUMBER_VALUE can not be converted to a String"],
    [{ Name: "a", Size: 1.5 }, "SerializationException: Size: NUMBER_VALUE can not be converted to an Integer"],
    [{ Name: "a", Labels: "x" }, "SerializationException: Labels: Expected list or null"],
    [{ Name: "a", Labels: ["x", 1] }, "SerializationException: Labels.1: NUMBER_VALUE can not be converted to a String"],
    [{ Name: "a", Place: "x" }, "SerializationException: Place: Expected null"],
    [{ Name: "", Place: "x" }, "SerializationException: Place: Expected null"],
    [{ Colour: 1 }, "NotImplemented: the local things does not know the member Colour of PutThing"],
    [{ Name: "a", Place: { Street: 1 } }, "NotImplemented: the local things does not know the member Place.Street of PutThing"],
  ];
  for (const [input, expected] of refused) {
    it(`refuses ${JSON.stringify(input)}`, () => assert.equal(refusal(input), expected));
  }

  it("takes null for an absent member, needs its action on every resource, and answers with what run gives", async () => {
    const request = PutThing.parse?.({ Name: "a", Kind: "A", Place: null, Labels: ["x"] }) ?? {};
    assert.deepEqual(request, { Name: "a", Kind: "A", Labels: ["x"] });
    assert.deepEqual(PutThing.permissions(request), [
      { action: "things:PutThing", resource: "arn:a" },
      { action: "things:PutThing", resource: "arn:a/*" },
      { action: "iam:PassRole", resource: "role" },
    ]);
    const call = {
      principal: { arn: "", credentials: { accessKeyId: "", secretAccessKey: "" } },
      requestId: "",
      signal: new AbortController().signal,
    };
    assert.deepEqual(await PutThing.run(request, call), { output: { Name: "a", Count: 1 } });
  });
});

describe("paging", () => {
  it("returns every item of a list once, even when the list grows", () => {
    const list = [1, 2, 3, 4];
    const first = pages.page(list, { MaxResults: 2 });
    assert.deepEqual(first.items, [1, 2]);
    list.push(5);
    const second = pages.page(list, { ...first.next });
    assert.deepEqual(second, { items: [3, 4, 5], next: {} });
  });

  it("returns every item once when the newest comes first", () => {
    const order = { numberOf: (item: number) => item, descending: true };
    const { items, next } = pages.page([3, 2, 1], { MaxResults: 2 }, order);
    assert.deepEqual(items, [3, 2]);
    assert.deepEqual(pages.page([4, 3, 2, 1], next, order).items, [1]);
  });

  it("refuses a token that is not its own", () => {
    assert.throws(() => pages.page([1], { NextToken: "1" }), new ServiceError("InvalidToken", "Invalid Token: '1'"));
  });
});
