// Lines that the runner of GitHub Actions acts upon.
const data = text => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

/** An annotation without a place. `level`: error, warning or notice. */
export const say = (level, text) => process.stdout.write(`::${level} title=drainlint::${data(text)}\n`);
