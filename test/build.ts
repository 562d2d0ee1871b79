/** Tests of the command line run what users run: the build. */
export async function setup(): Promise<void> {
  const { build } = await import('../scripts/build.js');
  build();
}
