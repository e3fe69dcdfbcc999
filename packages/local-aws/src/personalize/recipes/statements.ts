/** Newest different items of a user that count. */
export const HISTORY_ITEMS = 100;
/** Items that are kept for each item, the likest first. */
const NEIGHBOURS = 50;
/** Items that are kept as popular ones. */
const POPULAR = 500;
/** Pairs that are too few to tell anything weigh less: as if each item had so many users more. */
const SHRINKAGE = 10;
/** One user in ten, told by the first digits of the hash of the id. */
const HELD_OUT = "substr(md5(user_id), 1, 4) < '199a'";

/**
 * Takes the newest tenth, one at least, of the interactions of one user in ten away, to be recommended from the rest: of the table
 * `interactions` come `training` and `hidden`. With few users it is one user at least.
 */
export const SPLIT = [
  `CREATE OR REPLACE TABLE held_out AS
     SELECT user_id FROM (SELECT user_id FROM interactions GROUP BY user_id HAVING count(*) > 1)
     QUALIFY ${HELD_OUT} OR row_number() OVER (ORDER BY md5(user_id), user_id) = 1`,
  `CREATE OR REPLACE TABLE numbered AS
     SELECT i.*, h.user_id IS NOT NULL AS is_held_out,
       row_number() OVER (PARTITION BY i.user_id ORDER BY i."timestamp" DESC, i.item_id, i.event_type) AS place,
       count(*) OVER (PARTITION BY i.user_id) AS of_user
     FROM interactions i LEFT JOIN held_out h USING (user_id)`,
  `CREATE OR REPLACE TABLE hidden AS SELECT user_id, item_id FROM numbered WHERE is_held_out AND place <= greatest(1, of_user // 10)`,
  `CREATE OR REPLACE TABLE training AS
     SELECT user_id, item_id, "timestamp", event_type FROM numbered WHERE NOT (is_held_out AND place <= greatest(1, of_user // 10))`,
];

/** The newest different items of each user of a table: `history`. */
export function historyOf(table: string): string {
  return `CREATE OR REPLACE TABLE history AS
    SELECT user_id, item_id, max("timestamp") AS newest FROM ${table} GROUP BY user_id, item_id
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY newest DESC, item_id) <= ${HISTORY_ITEMS}`;
}

/** The items with the most interactions in `training`: `popular`. */
export const POPULARITY = `CREATE OR REPLACE TABLE popular AS
  SELECT item_id, count(*) AS score FROM training GROUP BY item_id ORDER BY score DESC, item_id LIMIT ${POPULAR}`;

/**
 * How alike two items of `history` are, by the users that they have in common: `neighbours`. Items go by numbers, each pair once,
 * which takes half the time that their ids would.
 */
export const CO_OCCURRENCE = `CREATE OR REPLACE TABLE neighbours AS
  WITH items AS (
    SELECT item_id, count(*) AS users, CAST(row_number() OVER (ORDER BY item_id) AS INTEGER) AS number FROM history GROUP BY item_id),
  seen AS (SELECT user_id, number FROM history JOIN items USING (item_id)),
  pairs AS (
    SELECT a.number AS one, b.number AS two, count(*) AS common
    FROM seen a JOIN seen b ON a.user_id = b.user_id AND a.number < b.number
    GROUP BY a.number, b.number),
  both_ways AS (SELECT one, two, common FROM pairs UNION ALL SELECT two, one, common FROM pairs)
  SELECT i.item_id, o.item_id AS other, round(common / (sqrt(i.users * o.users) + ${SHRINKAGE}), 6) AS score
  FROM both_ways JOIN items i ON i.number = one JOIN items o ON o.number = two
  QUALIFY row_number() OVER (PARTITION BY one ORDER BY score DESC, two) <= ${NEIGHBOURS}`;
