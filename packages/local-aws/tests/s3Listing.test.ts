import { ListObjectsV2Command, paginateListObjectsV2, PutObjectCommand, type ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { Readable } from "node:stream";
import { compareKeys, decodeToken, encodeToken, KeyIndex, listPage, type Position } from "../src/s3/listing";
import { BUCKET, withS3, type TestS3 } from "./support/s3";

const PUT = "PUT /{Bucket}/{Key+}";
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const character = fc.constantFrom("a", "b", "/", "-", "é", "\u{ff5e}", "\u{1f600}", "\ud7ff");
const keyOf = fc.string({ unit: character, minLength: 1, maxLength: 6 });

describe("S3 listing", () => {
  let s3: TestS3;
  const list = (input: Partial<ListObjectsV2CommandInput> = {}) => s3.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, ...input }));
  const names = (keys: Awaited<ReturnType<typeof list>>): unknown[] => [
    keys.Contents?.map(({ Key }) => Key) ?? [],
    keys.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [],
  ];
  const special = ["s/\u{ff5e}", "s/\u{1f600}", "s/ +&<%41>"];
  before(async () => {
    s3 = await withS3();
    const many = Array.from({ length: 1003 }, (_, i) => `many/${i}`);
    await s3.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: "a/b/3", Body: "a/b/3" }));
    const put = (Key: string) =>
      s3.cloud.call(s3.owner, "s3", PUT, { Bucket: BUCKET, Key, headers: {} }, Readable.from([Buffer.from(Key)]));
    await Promise.all([...many, ...special, "a/1", "a/2", "b"].map(put));
  });
  after(() => s3.stop());

  it("goes past 1000 keys in the order of bytes", async () => {
    const seen: (string | undefined)[] = [];
    const sizes: (number | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client: s3.s3 }, { Bucket: BUCKET, Prefix: "many/" })) {
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
      sizes.push(page.KeyCount);
    }
    assert.deepEqual(sizes, [1000, 3]);
    assert.deepEqual(seen, Array.from({ length: 1003 }, (_, i) => `many/${i}`).sort());
    assert.equal((await list({ MaxKeys: 5000 })).MaxKeys, 1000);
  });

  it("rolls up common prefixes and counts them", async () => {
    assert.deepEqual(names(await list({ Delimiter: "/" })), [["b"], ["a/", "many/", "s/"]]);
    assert.deepEqual(names(await list({ Delimiter: "/", Prefix: "a/" })), [["a/1", "a/2"], ["a/b/"]]);
    const first = await list({ Delimiter: "/", MaxKeys: 1 });
    assert.deepEqual([names(first), first.KeyCount, first.IsTruncated], [[[], ["a/"]], 1, true]);
    const second = await list({ Delimiter: "/", MaxKeys: 1, ContinuationToken: first.NextContinuationToken });
    assert.deepEqual(names(second), [["b"], []]);
  });

  it("starts after a key and tells size and checksum", async () => {
    const { Contents, StartAfter } = await list({ StartAfter: "a/2", MaxKeys: 1 });
    assert.equal(StartAfter, "a/2");
    assert.deepEqual([Contents?.[0].Key, Contents?.[0].Size, Contents?.[0].ChecksumType], ["a/b/3", 5, "FULL_OBJECT"]);
    const none = await list({ MaxKeys: 0 });
    assert.deepEqual([none.KeyCount, none.IsTruncated], [0, false]);
  });

  it("gives keys in UTF-8 order, plain or percent-encoded", async () => {
    const sorted = [...special].sort(byBytes);
    assert.deepEqual(names(await list({ Prefix: "s/" }))[0], sorted);
    const encoded = names(await list({ Prefix: "s/", EncodingType: "url" }))[0] as string[];
    assert.deepEqual(encoded.map(decodeURIComponent), sorted);
    assert.equal(encoded[0], "s/%20%2B%26%3C%2541%3E");
  });

  it("refuses wrong parameters", async () => {
    await assert.rejects(list({ ContinuationToken: "no token" }), { name: "InvalidArgument" });
    await assert.rejects(list({ MaxKeys: -1 }), { name: "InvalidArgument" });
    await assert.rejects(list({ Bucket: "nowhere" }), { name: "NoSuchBucket" });
    await assert.rejects(list({ FetchOwner: true }), { name: "NotImplemented", message: /fetch-owner/ });
  });
});

describe("S3 listing's core", () => {
  it("compares keys as their UTF-8 bytes", () => {
    const same = (a: string, b: string): void => assert.equal(Math.sign(compareKeys(a, b)), byBytes(a, b));
    fc.assert(fc.property(keyOf, keyOf, same));
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 6 }), fc.string({ unit: "binary", maxLength: 6 }), same));
  });

  it("pages like one that looks at every key", () => {
    const query = {
      prefix: fc.string({ unit: character, maxLength: 2 }),
      delimiter: fc.constantFrom("", "/", "é"),
      limit: fc.integer({ min: 1, max: 4 }),
    };
    const property = fc.property(fc.array(keyOf), fc.array(keyOf), fc.record(query), fc.option(keyOf, { nil: undefined }), check);
    fc.assert(property, { numRuns: 500 });
  });

  function check(
    added: string[],
    removed: string[],
    query: { prefix: string; delimiter: string; limit: number },
    startAfter?: string,
  ): void {
    const index = new KeyIndex();
    for (const key of added) index.add(key);
    for (const key of removed) index.delete(key);
    const { prefix, delimiter, limit } = query;
    const expected = new Set(
      [...new Set(added)]
        .filter((key) => !removed.includes(key) && key.startsWith(prefix) && (startAfter === undefined || byBytes(key, startAfter) > 0))
        .sort(byBytes)
        .map((key) => {
          const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
          return cut < 0 ? `key ${key}` : `prefix ${key.slice(0, cut + delimiter.length)}`;
        }),
    );
    const found: string[] = [];
    let after: Position | undefined = startAfter === undefined ? undefined : { key: startAfter };
    do {
      const page = listPage(index, { ...query, after });
      const entries = [...page.keys.map((key) => `key ${key}`), ...page.commonPrefixes.map((common) => `prefix ${common}`)];
      assert.ok(entries.length <= limit && (page.next === undefined || entries.length === limit));
      found.push(...entries);
      after = page.next && decodeToken(encodeToken(page.next));
    } while (after);
    assert.deepEqual([...found].sort(), [...expected].sort());
    assert.equal(found.length, expected.size);
  }
});
