/** s of the machine's monotonic clock: the one that Python's time.monotonic() and Node's hrtime read, in every namespace. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e9;

export const sleep = (seconds: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, seconds * 1000); });

/** The first truthy value; looks every `step` ms. Throws when `seconds` are over. */
export async function waitFor<T>(look: () => T | Promise<T>, seconds: number, what: string, step = 50): Promise<NonNullable<T>> {
  for (const end = now() + seconds; ;) {
    const found = await look();
    if (found) return found;
    if (now() >= end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(step / 1000);
  }
}
