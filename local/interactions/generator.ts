import { seededRandom, wholeNumber } from "./random";

/** End of the generated period. It is fixed, so that equal seeds give equal bytes. */
const END = Date.UTC(2026, 0, 31) / 1000;
const DAYS = 30;
const DAY_SECONDS = 86_400;
/** Rows of a user on average, so that fewer rows tell as much of a user. */
const ROWS_PER_USER = 100 / 3;
const LEAST_USERS = 40;
const ITEMS = 1500;
const GENRES = 30;
const GENRES_PER_USER = 2;
const PREFERRED_SHARE = 0.9;
const WATCHED_AFTER_CLICK = 0.4;

/**
 * Generates interactions with a realistic shape, as CSV: few popular items and active users (Zipf), users who keep to a few genres, so
 * that recommendations for each user beat what is popular, sessions in the evening, clicks that lead to watching. They are sorted by
 * time, in the 30 days before 31 January 2026.
 *
 * @param seed whole number; equal seeds give equal text
 * @param rows number of rows
 */
export function generateInteractions(seed: number, rows = 20_000): string {
  const random = seededRandom(seed);
  const users = Math.max(LEAST_USERS, Math.round(rows / ROWS_PER_USER));
  const itemRank = zipf(ITEMS, 0.6, random);
  const genreRank = zipf(Math.ceil(ITEMS / GENRES), 0.9, random);
  const activeUser = zipf(users, 0.6, random);
  const preferred = Array.from({ length: users }, () => Array.from({ length: GENRES_PER_USER }, () => wholeNumber(random, 0, GENRES - 1)));
  const pickItem = (user: number): number => {
    if (random() >= PREFERRED_SHARE) return itemRank();
    const genre = preferred[user][Math.floor(random() ** 2 * GENRES_PER_USER)];
    return Math.min(genreRank() * GENRES + genre, ITEMS - 1);
  };

  const lines: { time: number; text: string }[] = [];
  const add = (user: number, item: number, time: number, type: string): void => {
    lines.push({ time, text: `u${user + 1},m${item + 1},${time},${type}` });
  };
  while (lines.length < rows) {
    const user = activeUser();
    let time = END - wholeNumber(random, 1, DAYS) * DAY_SECONDS + hourOfDay(random) * 3600 + wholeNumber(random, 0, 3599);
    for (let views = 1 + Math.floor(-6 * Math.log(1 - random())); views > 0 && lines.length < rows && time < END; views -= 1) {
      const item = pickItem(user);
      add(user, item, time, "click");
      time += wholeNumber(random, 2, 40);
      if (random() < WATCHED_AFTER_CLICK && lines.length < rows) {
        add(user, item, time, "watch");
        time += wholeNumber(random, 60, 1200);
      }
    }
  }
  lines.sort((a, b) => a.time - b.time);
  return `USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n${lines.map(({ text }) => text).join("\n")}\n`;
}

/** Draws ranks from 0 to size - 1. Rank r has the weight 1 / (r + 1)^exponent. */
function zipf(size: number, exponent: number, random: () => number): () => number {
  const cumulative = new Float64Array(size);
  let total = 0;
  for (let rank = 0; rank < size; rank += 1) cumulative[rank] = total += (rank + 1) ** -exponent;
  return () => {
    const target = random() * total;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** The hours around 20:00 UTC are the busiest. */
function hourOfDay(random: () => number): number {
  const spread = (random() + random() + random()) / 3 - 0.5;
  return (((20 + Math.round(spread * 18)) % 24) + 24) % 24;
}
