import type { Row } from "../../testing/interactionRows";

const USERS = 30;
const OF_A_USER = 40;
const FIRST_SECOND = 1_700_000_000;

/**
 * Interactions of 30 users, `u0` with the taste `a`, `u1` with `b`, `u2` with `a` and so on: each with 40 items of that taste alone, one
 * a second, from its own place on. `a0` is the first of `u0`.
 *
 * @param items of each taste; with 40 everybody has seen all of them, with 50 `u0` has not seen `a40` to `a49`
 */
export function tastes(items: number): Row[] {
  return Array.from({ length: USERS }, (_, user) =>
    Array.from({ length: OF_A_USER }, (_, place): Row => {
      const item = `${user % 2 === 0 ? "a" : "b"}${(user * 3 + place) % items}`;
      return [`u${user}`, item, FIRST_SECOND + place, "watch"];
    }),
  ).flat();
}
