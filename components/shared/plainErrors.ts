const PULUMI_FRAME = /\n +at .*[\\/]node_modules[\\/]@pulumi[\\/].*/g;

/**
 * Drops Pulumi's frames from the stacks of a program's errors, before the program runner prints them. The runner inspects every error
 * with colors, and on a frame such as `node_modules/@pulumi/resource.ts` Node 20 and 22 then go on until memory for the text runs out,
 * which takes up to a minute and 4 GB: https://github.com/nodejs/node/issues/64011
 *
 * Whether the program throws or one of its outputs fails, the error reaches the runner as a rejection that nobody handled.
 */
export function withPlainErrors<Outputs>(program: () => Promise<Outputs>): () => Promise<Outputs> {
  return () => {
    process.off("unhandledRejection", dropPulumiFrames).prependListener("unhandledRejection", dropPulumiFrames);
    return program();
  };
}

function dropPulumiFrames(reason: unknown): void {
  for (let error = reason; error instanceof Error; error = error.cause) error.stack = error.stack?.replace(PULUMI_FRAME, "");
}
